#include "cli/lattice_flags.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "cli/context_fixture.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;

/// Parses a command line with an environment of its own.
struct LatticeOptionsOf : testing::Test, ContextFixture {
  Result<LatticeSetup> setup(const std::vector<std::string>& words) {
    CommandLine line("test");
    LatticeFlags flags;
    add_lattice_options(line.root(), flags);
    if (auto parsed = line.parse(words); !parsed) return pass(parsed);
    return lattice_setup(context, flags);
  }
  LatticeOptions options(const std::vector<std::string>& words) {
    auto made = setup(words);
    EXPECT_TRUE(made) << made.error().message;
    return made ? made->options : LatticeOptions{};
  }
  std::string refusal(const std::vector<std::string>& words) {
    const auto made = setup(words);
    return made ? "accepted" : made.error().message;
  }
  fs::path file(const std::string& name, const std::string& content) {
    const auto path = folder / name;
    std::ofstream(path) << content;
    return path;
  }
  void SetUp() override { fs::create_directories(folder); }
  void TearDown() override { fs::remove_all(folder); }

  const fs::path folder =
      fs::path(testing::TempDir()) /
      ("lattice_flags_" +
       std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) +
       std::to_string(::getpid()));
};

TEST_F(LatticeOptionsOf, NothingMeansAlone) {
  const auto made = options({});
  EXPECT_FALSE(made.rpc);
  EXPECT_FALSE(made.control);
  EXPECT_FALSE(made.cache.nats);
  EXPECT_EQ(made.ns, "default");
  EXPECT_EQ(made.rpc_timeout, std::chrono::seconds(2));
}

TEST_F(LatticeOptionsOf, ControlAndCacheFollowCalls) {
  const auto made = options({"--rpc-host", "nats.example", "--rpc-port", "4333"});
  ASSERT_TRUE(made.rpc && made.control && made.cache.nats);
  EXPECT_EQ(made.rpc->servers, std::vector<std::string>{"nats://nats.example:4333"});
  EXPECT_EQ(made.control->servers, made.rpc->servers);
  EXPECT_EQ(made.cache.nats->servers, made.rpc->servers);
}

TEST_F(LatticeOptionsOf, ConnectionsAreReallySeparate) {
  environment = {{"RPC_HOST", "a"},
                 {"CONTROL_HOST", "b"},
                 {"CONTROL_PORT", "9"},
                 {"KVCACHE_NATS_URL", "nats://c:1"}};
  const auto made = options({"--control-user", "u", "--control-password", "p"});
  EXPECT_EQ(made.rpc->servers, std::vector<std::string>{"nats://a:4222"});
  EXPECT_EQ(made.control->servers, std::vector<std::string>{"nats://b:9"});
  EXPECT_EQ(made.cache.nats->servers, std::vector<std::string>{"nats://c:1"});
  EXPECT_EQ(made.rpc->user, "");
  EXPECT_EQ(made.control->user, "u");
  EXPECT_EQ(made.control->password, "p");
}

TEST_F(LatticeOptionsOf, OptionsWinOverTheEnvironment) {
  environment = {{"RPC_HOST", "a"}, {"RPC_PORT", "1"}};
  EXPECT_EQ(options({"--rpc-host", "b"}).rpc->servers, std::vector<std::string>{"nats://b:1"});
}

TEST_F(LatticeOptionsOf, AddressesInEveryForm) {
  const auto server = [&](const std::string& host) {
    return options({"--rpc-host", host}).rpc->servers.front();
  };
  EXPECT_EQ(server("tls://x:1"), "tls://x:1");
  EXPECT_EQ(server("x:1"), "nats://x:1");
  EXPECT_EQ(server("::1"), "nats://[::1]:4222");
  EXPECT_EQ(server("[::1]"), "nats://[::1]:4222");
  EXPECT_EQ(server("[::1]:5"), "nats://[::1]:5");
  EXPECT_EQ(options({"--lattice", "nats://y:2"}).rpc->servers.front(), "nats://y:2");
}

TEST_F(LatticeOptionsOf, SecretsComeFromFilesOrAsText) {
  const auto seed = file("seed", "  SUAKEY\n").string();
  const auto made = options({"--rpc-host", "h", "--rpc-jwt", "eyJ", "--rpc-seed", seed});
  EXPECT_EQ(made.rpc->seed, "SUAKEY");
  EXPECT_EQ(made.rpc->jwt, "eyJ");
  const auto refused = refusal({"--rpc-host", "h", "--rpc-jwt", "eyJsecret"});
  EXPECT_EQ(refused, "--rpc-jwt is given without --rpc-seed");
}

TEST_F(LatticeOptionsOf, VariablesOfCommandsWinAsTheyDoThere) {
  environment = {
      {"WASMCLOUD_RPC_HOST", "new"}, {"RPC_HOST", "old"}, {"WASMCLOUD_LATTICE_PREFIX", "shop"}};
  EXPECT_EQ(options({}).rpc->servers, std::vector<std::string>{"nats://new:4222"});
  EXPECT_EQ(options({}).ns, "shop");
  environment["LATTICE_NAMESPACE"] = "own";
  EXPECT_EQ(options({}).ns, "own");
}

TEST_F(LatticeOptionsOf, WrongValuesAreNamed) {
  EXPECT_EQ(refusal({"--rpc-host", "h", "--rpc-port", "70000"}),
            "'70000' is no port (--rpc-port, WASMCLOUD_RPC_PORT, RPC_PORT)");
  EXPECT_EQ(refusal({"--nsprefix", "a.b"}), "'a.b' cannot be a lattice namespace");
  EXPECT_EQ(refusal({"--allowed-host", "Nope"}), "--allowed-host Nope is no public key of a host");
  EXPECT_EQ(refusal({"--control-files", "/there/is/nothing"}),
            "--control-files /there/is/nothing: no such folder");
  environment = {{"RPC_TIMEOUT_MS", "soon"}};
  EXPECT_EQ(refusal({}), "RPC_TIMEOUT_MS is 'soon'");
  environment = {{"KVCACHE_REPLAY_HEARTBEAT_SECS", "often"}};
  EXPECT_EQ(refusal({}), "KVCACHE_REPLAY_HEARTBEAT_SECS is 'often'");
}

TEST_F(LatticeOptionsOf, TheCacheCanBeInRedis) {
  environment = {{"KVCACHE_URL", "redis://h:6380/1"}};
  auto cache = options({"--rpc-host", "h"}).cache;
  ASSERT_TRUE(cache.redis);
  EXPECT_EQ(cache.redis->url, "redis://h:6380/1");
  EXPECT_EQ(cache.redis->poll, std::chrono::seconds(1));
  EXPECT_FALSE(cache.nats);
  cache =
      options({"--rpc-host", "h", "--cache-redis", "rediss://g/2", "--cache-poll", "50ms"}).cache;
  ASSERT_TRUE(cache.redis);
  EXPECT_EQ(cache.redis->url, "rediss://g/2");
  EXPECT_EQ(cache.redis->poll, std::chrono::milliseconds(50));
  EXPECT_FALSE(options({"--rpc-host", "h", "--own-cache"}).cache.redis);
  // An option says more than a variable, and of two of a kind neither.
  cache = options({"--cache-url", "nats://c:1"}).cache;
  EXPECT_TRUE(cache.nats && !cache.redis);
  environment["KVCACHE_NATS_URL"] = "nats://c:1";
  cache = options({"--cache-redis", "redis://h/1"}).cache;
  EXPECT_TRUE(cache.redis && !cache.nats);
  EXPECT_THAT(refusal({}), testing::HasSubstr("at once"));
  EXPECT_THAT(refusal({"--cache-redis", "redis://h/1", "--cache-url", "nats://c:1"}),
              testing::HasSubstr("at once"));
  environment = {};
  EXPECT_EQ(refusal({"--cache-poll", "2s"}), "--cache-poll is for a cache in Redis");
  EXPECT_EQ(refusal({"--own-cache", "--cache-redis", "redis://h/1"}),
            "--own-cache together with --cache-redis");
  EXPECT_EQ(refusal({"--own-cache", "--cache-url", "nats://c:1"}),
            "--own-cache together with --cache-url");
  EXPECT_THAT(refusal({"--isolate-cache", "--cache-redis", "redis://h/1"}),
              testing::StartsWith("--isolate-cache has no meaning for a cache in Redis"));
  environment = {{"KVCACHE_URL", "redis://user:pa%zzss@h/1"}};
  EXPECT_THAT(refusal({}), testing::StartsWith("--cache-redis, KVCACHE_URL: "));
  EXPECT_THAT(refusal({}), testing::Not(testing::HasSubstr("ss@")));
}

TEST_F(LatticeOptionsOf, TheCacheCanBeKeptOut) {
  EXPECT_FALSE(options({"--rpc-host", "h", "--own-cache"}).cache.nats);
  environment = {{"KVCACHE_NATS_URL", "c:1"}, {"KVCACHE_CLIENT_JWT", "j"}};
  EXPECT_EQ(refusal({}), "KVCACHE_CLIENT_JWT is set without KVCACHE_CLIENT_SEED");
}

}  // namespace
}  // namespace trellis::cli
