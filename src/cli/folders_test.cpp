#include "cli/folders.hpp"

#include <gtest/gtest.h>

#include <map>

namespace trellis::cli {
namespace {

Folders folders_of(const std::map<std::string, std::string>& variables) {
  return folders([&](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

/// Variables that systemd sets for a service with a user of its own.
const std::map<std::string, std::string> service{{"HOME", "/"},
                                                 {"STATE_DIRECTORY", "/var/lib/trellis"},
                                                 {"CACHE_DIRECTORY", "/var/cache/trellis"},
                                                 {"RUNTIME_DIRECTORY", "/run/trellis"},
                                                 {"CREDENTIALS_DIRECTORY", "/run/credentials/t"}};

TEST(Folders, OfAUserAreBelowTheHome) {
  const auto made = folders_of({{"HOME", "/data/ann"}});
  EXPECT_EQ(made.cache, "/data/ann/.cache/trellis");
  EXPECT_EQ(made.state, "/data/ann/.local/state/trellis");
  EXPECT_EQ(made.config, "/data/ann/.config/trellis");
  EXPECT_EQ(made.nats_config, "/data/ann/.config/nats");
  EXPECT_EQ(made.keys, "/data/ann/.wash/keys");
  EXPECT_TRUE(made.service_runtime.empty());
}

TEST(Folders, OfAServiceAreThoseThatSystemdMade) {
  for (const bool with_home : {true, false}) {
    auto variables = service;
    if (!with_home) variables.erase("HOME");
    const auto made = folders_of(variables);
    EXPECT_EQ(made.cache, "/var/cache/trellis");
    EXPECT_EQ(made.state, "/var/lib/trellis");
    EXPECT_EQ(made.keys, "/var/lib/trellis/keys");
    EXPECT_EQ(made.service_runtime, "/run/trellis");
    EXPECT_EQ(made.credentials, "/run/credentials/t");
  }
}

TEST(Folders, OfAServiceWinOverAHomeAndTheUsersWishOverBoth) {
  auto variables = service;
  variables["HOME"] = "/var/lib/somebody";
  EXPECT_EQ(folders_of(variables).cache, "/var/cache/trellis");
  EXPECT_EQ(folders_of(variables).state, "/var/lib/trellis");
  EXPECT_EQ(folders_of(variables).keys, "/var/lib/somebody/.wash/keys");
  variables["XDG_CACHE_HOME"] = "/big/disk";
  variables["XDG_STATE_HOME"] = "/safe/disk";
  EXPECT_EQ(folders_of(variables).cache, "/big/disk/trellis");
  EXPECT_EQ(folders_of(variables).state, "/safe/disk/trellis");
}

TEST(Folders, OfAListAreItsFirst) {
  const auto made = folders_of({{"CACHE_DIRECTORY", "/var/cache/trellis:/var/cache/other"},
                                {"STATE_DIRECTORY", "/var/lib/a:/var/lib/b"},
                                {"RUNTIME_DIRECTORY", "/run/trellis:/run/more"}});
  EXPECT_EQ(made.cache, "/var/cache/trellis");
  EXPECT_EQ(made.state, "/var/lib/a");
  EXPECT_EQ(made.service_runtime, "/run/trellis");
}

TEST(Folders, RelativePathsCountForNothing) {
  const auto made = folders_of({{"HOME", "home"},
                                {"XDG_CACHE_HOME", "cache"},
                                {"XDG_STATE_HOME", "./state"},
                                {"STATE_DIRECTORY", "state:/var/lib/x"},
                                {"CACHE_DIRECTORY", ":/var/cache/x"},
                                {"RUNTIME_DIRECTORY", "run"}});
  EXPECT_TRUE(made.cache.empty());
  EXPECT_TRUE(made.state.empty());
  EXPECT_TRUE(made.keys.empty());
  EXPECT_TRUE(made.service_runtime.empty());
  EXPECT_TRUE(folders_of({}).cache.empty());
}

}  // namespace
}  // namespace trellis::cli
