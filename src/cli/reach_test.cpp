#include "cli/reach.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "cli/context_fixture.hpp"
#include "cli/contexts.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;

struct ReachTest : testing::Test, ContextFixture {
  void SetUp() override {
    fs::create_directories(folder);
    environment["XDG_CONFIG_HOME"] = folder.string();
  }
  void TearDown() override { fs::remove_all(folder); }

  /// "local", "lattice", or the error.
  std::string reach(const std::vector<std::string>& words, Tree tree = Tree::any) {
    CommandLine line("test");
    flags = {};
    std::vector<std::string> rest;
    line.root().add_option("words", rest, "Words");
    add_reach_host_options(line.root(), flags, tree);
    if (auto parsed = line.parse(words); !parsed) return parsed.error().message;
    const auto made = reach_of(context, flags);
    if (!made) return made.error().message;
    return *made == Reach::local ? "local" : "lattice";
  }

  const fs::path folder = fs::path(testing::TempDir()) / ("reach_" + std::to_string(::getpid()));
  ReachFlags flags;
};

TEST_F(ReachTest, OptionsOfALatticeChooseIt) {
  EXPECT_EQ(reach({}), "local");
  EXPECT_EQ(reach({"--host", "edge"}), "local");
  for (const auto& words : std::vector<std::vector<std::string>>{{"--lattice"},
                                                                 {"-r", "host"},
                                                                 {"-p", "4223"},
                                                                 {"--namespace", "prod"},
                                                                 {"--context", "prod"},
                                                                 {"--rpc-credsfile", "file"},
                                                                 {"--control-host", "host"},
                                                                 {"--ctl-tls"}}) {
    EXPECT_EQ(reach(words), "lattice") << words.front();
  }
  EXPECT_EQ(reach({}, Tree::lattice), "lattice");
}

TEST_F(ReachTest, TheAddressOfALatticeIsItsServer) {
  ASSERT_EQ(reach({"--lattice", "nats://a:1", "word"}), "lattice");
  EXPECT_EQ(flags.lattice.connection.rpc.host, "nats://a:1");
  ASSERT_EQ(reach({"--lattice", "edge-1"}), "lattice");
  EXPECT_EQ(flags.lattice.connection.rpc.host, "");
  for (const auto* address : {"localhost", "10.0.0.1", "::1", "tls://x", "server:4222"}) {
    EXPECT_TRUE(is_server_address(address)) << address;
  }
  for (const auto* word : {"edge-1", "edge.local", "zone=a", "a.wasm", "builtin:keyvalue", ":1"}) {
    EXPECT_FALSE(is_server_address(word)) << word;
  }
}

TEST_F(ReachTest, VariablesAndTheContextInUseChooseWhereOptionsDoNot) {
  ASSERT_TRUE(ContextStore(context).save("prod", SavedContext{}, false));
  EXPECT_EQ(reach({}), "local");
  ASSERT_TRUE(ContextStore(context).use("prod"));
  EXPECT_EQ(reach({}), "lattice");
  EXPECT_EQ(reach({"--local"}), "local");
  EXPECT_EQ(reach({"--socket", "/x"}), "local");
  environment["TRELLIS_SOCKET"] = "/x";
  EXPECT_EQ(reach({}), "local");
  EXPECT_EQ(reach({"--lattice"}), "lattice");
  environment.erase("TRELLIS_SOCKET");
  ASSERT_TRUE(ContextStore(context).use_none());
  environment["TRELLIS_CONTEXT"] = "prod";
  EXPECT_EQ(reach({}), "lattice");
}

TEST_F(ReachTest, BothAtOnceAreRefused) {
  EXPECT_EQ(reach({"--lattice", "--local"}),
            "some of the options mean a lattice, others a host on this machine");
}

}  // namespace
}  // namespace trellis::cli
