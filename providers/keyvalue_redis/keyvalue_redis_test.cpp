// Promises of the key-value provider over Redis alone.
#include <gtest/gtest.h>

#include <thread>

#include "providers/keyvalue_redis/redis_fixture.hpp"
#include "support/forwarder.hpp"
#include "support/scripted_server.hpp"

namespace trellis::providers {
namespace {

class RedisKeyValue : public KeyValueTest {
 protected:
  RedisKeyValue() : KeyValueTest(std::make_unique<RedisBackend>(false)) {}

  codec::core::HealthResponse health() {
    return kv_
        .ask<codec::core::HealthResponse>("system", "HealthRequest", codec::core::HealthRequest{})
        .value();
  }
  std::string bind_error(codec::StringMap values) {
    const auto answer = bind("MX", std::move(values));
    return answer ? "" : answer.error().message;
  }

  test::RedisServer& server_ = static_cast<RedisBackend&>(*backend_).server();
};

TEST_F(RedisKeyValue, ExpiryIsInSecondsAndOnTheServer) {
  set("k", "v", 100);
  const auto left = server_.ask({"PTTL", "k"}).integer;
  EXPECT_GT(left, 100'000 - std::chrono::milliseconds(test::patience).count());
  EXPECT_LE(left, 100'000);
  set("k", "v", 2147483647);
  EXPECT_GT(server_.ask({"TTL", "k"}).integer, 2'000'000'000);
  set("k", "v");
  EXPECT_EQ(server_.ask({"TTL", "k"}).integer, -1);
}

TEST_F(RedisKeyValue, PrefixesKeepActorsApart) {
  ASSERT_TRUE(bind("MB", {{"NAMESPACE", "shop"}}));
  ASSERT_TRUE(bind("MC", {{"SHARED", "false"}}));
  set("k", "plain");
  actor_ = "MB";
  set("k", "named");
  EXPECT_EQ(add("n", 2), "2");
  push("l", "x");
  set_add("s", "x");
  EXPECT_EQ(set_union({"s"}), Strings{"x"});
  EXPECT_EQ(add("k", 1), "error: key 'k' holds a string, not a number") << "without the prefix";
  actor_ = "MC";
  set("k", "own");
  EXPECT_EQ(server_.ask({"GET", "k"}).text, "plain");
  EXPECT_EQ(server_.ask({"GET", "shop:k"}).text, "named");
  EXPECT_EQ(server_.ask({"GET", "MC:k"}).text, "own");
  EXPECT_EQ(server_.ask({"DBSIZE"}).integer, 6);
  EXPECT_EQ(bind_error({{"NAMESPACE", "a:b"}}), "link value NAMESPACE contains a colon");
}

TEST_F(RedisKeyValue, OtherTypesAndOtherDataAreErrors) {
  server_.ask({"HSET", "hash", "a", "1"});
  server_.ask({"ZADD", "sorted", "1", "a"});
  server_.ask({"XADD", "stream", "*", "a", "1"});
  server_.ask({"SET", "binary", "\xff\xfe"});
  server_.ask({"LPUSH", "binaries", "\xff"});
  EXPECT_EQ(get("hash"), "error: key 'hash' holds a hash, not a single value");
  EXPECT_EQ(add("sorted", 1), "error: key 'sorted' holds a sorted set, not a number");
  EXPECT_EQ(range("stream", 0, -1), Strings{"error: key 'stream' holds a stream, not a list"});
  EXPECT_EQ(get("binary"), "error: what Redis holds there is not UTF-8 text");
  EXPECT_EQ(range("binaries", 0, -1).front().substr(0, 6), "error:");
  EXPECT_TRUE(exists("hash"));
}

TEST_F(RedisKeyValue, CountsBeyond32BitsAreRefused) {
  server_.ask({"SET", "n", "4294967296"});
  EXPECT_EQ(add("n", 1), "error: 4294967296 plus 1 of key 'n' exceeds 32 bits");
  EXPECT_EQ(add("n", -2147483647), "error: 4294967296 plus -2147483647 of key 'n' exceeds 32 bits");
  EXPECT_EQ(server_.ask({"GET", "n"}).text, "4294967296");
  server_.ask({"SET", "n", "2147483648"});
  EXPECT_EQ(add("n", -1), "2147483647");
}

TEST_F(RedisKeyValue, LinksWithEqualSettingsShareConnections) {
  for (const char* actor : {"MB", "MC", "MD"}) {
    ASSERT_TRUE(bind(actor));
    actor_ = actor;
    set("k", actor);
  }
  EXPECT_EQ(server_.clients(), 1U);
}

TEST_F(RedisKeyValue, NoConnectionIsLeftBehind) {
  const auto connections_are = [&](std::size_t count) {
    return test::eventually([&] { return server_.clients() == count; });
  };
  ASSERT_TRUE(connections_are(1));
  for (int round = 0; round < 20; ++round) {
    const auto database = std::to_string(round % 4);
    ASSERT_TRUE(bind("MA", {{"URL", server_.url(database)}}));
    EXPECT_EQ(set("k", database), database);
    ASSERT_TRUE(bind("MB", {{"URL", server_.url(database)}, {"CONNECTIONS", "3"}}));
    actor_ = "MB";
    EXPECT_EQ(get("k"), database);
    actor_ = "MA";
    EXPECT_TRUE(connections_are(2)) << server_.clients();
    ASSERT_TRUE(kv_.remove("MB"));
    EXPECT_TRUE(connections_are(1));
  }
  EXPECT_FALSE(bind("MA", {{"URL", "redis://x:y"}}));
  EXPECT_EQ(get("k"), "3") << "the last good link is in force";
  ASSERT_TRUE(kv_.remove("MA"));
  EXPECT_TRUE(connections_are(0));
  EXPECT_TRUE(health().healthy) << "without links there is nothing to be ill";
}

TEST_F(RedisKeyValue, ALinkIsMadeOnlyWhenTheServerAnswers) {
  const auto dead = "127.0.0.1:" + std::to_string(test::free_port());
  EXPECT_EQ(bind_error({{"URL", "redis://" + dead}}), "Redis at " + dead + ": Connection refused");
  EXPECT_EQ(bind_error({{"URL", server_.url("77")}}),
            "Redis at " + server_.address() + ": Redis: ERR DB index is out of range");
  EXPECT_EQ(bind_error({{"URL", server_.url()}, {"TLS_CA", "/ca.pem"}}),
            "link value TLS_CA has no use: URL is not rediss://");
  EXPECT_TRUE(bind_error({{"URL", "rediss://" + server_.address()}, {"TLS_CA", "/nowhere.pem"}})
                  .starts_with("link value TLS_CA: cannot use '/nowhere.pem'"));
  for (const char* key : {"CONNECTIONS", "CONNECT_TIMEOUT_MS", "COMMAND_TIMEOUT_MS"}) {
    EXPECT_TRUE(bind_error({{key, "0"}}).starts_with("link value " + std::string(key)));
  }
  actor_ = "MX";
  EXPECT_EQ(get("k"), "error: actor MX is not linked to this provider");
}

TEST_F(RedisKeyValue, APasswordIsNeverShown) {
  const auto dead = "127.0.0.1:" + std::to_string(test::free_port());
  for (const std::string& url : {"redis://:secret@" + dead, "redis://ann:secret@" + dead + "/x",
                                 "redis://:secret@" + server_.address()}) {
    const auto error = bind_error({{"URL", url}});
    EXPECT_NE(error, "");
    EXPECT_FALSE(error.contains("secret")) << error;
  }
  for (const auto& line : host_.logs()) EXPECT_FALSE(line.text.contains("secret"));
}

TEST_F(RedisKeyValue, AServerThatComesBackIsFoundAgain) {
  set("k", "v");
  EXPECT_TRUE(health().healthy);
  server_.kill();
  EXPECT_EQ(get("k"), "error: Redis at " + server_.address() + ": Connection refused");
  EXPECT_FALSE(health().healthy);
  EXPECT_EQ(health().message, "Redis at " + server_.address() + ": Connection refused");
  server_.start();
  EXPECT_TRUE(test::eventually([&] { return get("k") == "(none)"; })) << "nothing was saved";
  EXPECT_TRUE(health().healthy);
  EXPECT_EQ(set("k", "w"), "w");
}

TEST_F(RedisKeyValue, AServerThatTakesNoWritesIsNotHealthy) {
  set("k", "v");
  server_.ask({"REPLICAOF", "127.0.0.1", "1"});
  EXPECT_TRUE(set("k", "w").contains("READONLY"));
  EXPECT_EQ(get("k"), "v");
  EXPECT_FALSE(health().healthy);
  EXPECT_TRUE(health().message.contains("READONLY")) << health().message;
  server_.ask({"REPLICAOF", "NO", "ONE"});
  EXPECT_EQ(set("k", "w"), "w");
  EXPECT_TRUE(health().healthy) << health().message;
}

TEST_F(RedisKeyValue, AServerThatHangsHoldsNobodyBeyondTheTimeout) {
  ASSERT_TRUE(bind("MB", {{"COMMAND_TIMEOUT_MS", "50"}}));
  actor_ = "MB";
  EXPECT_EQ(get("k"), "(none)");
  server_.freeze();
  EXPECT_EQ(get("k"), "error: Redis at " + server_.address() + ": no answer in the time allowed");
  EXPECT_FALSE(health().healthy);
  server_.thaw();
  EXPECT_TRUE(test::eventually([&] { return get("k") == "(none)"; }));
  EXPECT_TRUE(test::eventually([&] { return health().healthy; }));
}

TEST_F(RedisKeyValue, StoppingEndsCallsThatWait) {
  std::optional<ProviderInstance> other(std::in_place, host_, backend_->table());
  ASSERT_TRUE(other->bind("MA", {{"URL", server_.url()}, {"COMMAND_TIMEOUT_MS", "600000"}}));
  server_.freeze();
  {
    std::jthread caller([&] {
      const auto answer = other->call("MA", "Get", codec::encode(GetArgs{"k"}));
      ASSERT_FALSE(answer);
      EXPECT_EQ(answer.error().message, "the provider is stopping");
    });
    std::this_thread::sleep_for(20ms);  // mostly it waits by then, and need not
    other->stop();
  }
  other.reset();
  server_.thaw();
}

TEST_F(RedisKeyValue, HostileAnswersAreErrors) {
  const std::vector<std::string> answers = {
      "*1\r\n$1\r\na\r\n",     // a list for a text
      "$1\r\n\xff\r\n",        // no UTF-8
      "*2147483647\r\n",       // a promise
      "-ERR \x1b[31mred\r\n",  // an error that moves the cursor
      "?\r\n",
      "",
  };
  for (const auto& answer : answers) {
    const test::ScriptedServer forger([&](int socket) {
      if (!test::ScriptedServer::wait_for_bytes(socket)) return;
      test::ScriptedServer::say(socket, "+PONG\r\n");
      if (!test::ScriptedServer::wait_for_bytes(socket)) return;
      test::ScriptedServer::say(socket, answer);
    });
    ASSERT_TRUE(bind("MB", {{"URL", "redis://127.0.0.1:" + std::to_string(forger.port())}}));
    actor_ = "MB";
    const auto text = get("k");
    EXPECT_TRUE(text.starts_with("error: ")) << text;
    EXPECT_FALSE(text.contains('\x1b'));
    ASSERT_TRUE(kv_.remove("MB"));
  }
}

TEST_F(RedisKeyValue, EachOperationNeedsOnlyTheRightsOfItsKind) {
  server_.ask({"ACL", "SETUSER", "app", "on", ">pw", "~*", "+@read", "+@write"});
  server_.ask({"ACL", "SETUSER", "reader", "on", ">pw", "~*", "+@read"});
  ASSERT_TRUE(bind("MB", {{"URL", server_.url_of("app", "pw")}}));
  actor_ = "MB";
  EXPECT_EQ(set("k", "v"), "v");
  EXPECT_EQ(set("gone", "v", 100), "v");
  EXPECT_EQ(get("k"), "v");
  EXPECT_TRUE(exists("k"));
  EXPECT_EQ(add("n", 2147483647), "2147483647");
  EXPECT_EQ(add("n", 1), "error: 2147483647 plus 1 of key 'n' exceeds 32 bits");
  EXPECT_EQ(add("n", -1), "2147483646");
  push("l", "x");
  EXPECT_EQ(range("l", 0, -1), Strings{"x"});
  set_add("s", "x");
  EXPECT_EQ(set_union({"s"}), Strings{"x"});
  EXPECT_EQ(add("k", 1), "error: key 'k' holds a string, not a number");
  EXPECT_EQ(get("s"), "error: key 's' holds a set, not a single value");
  EXPECT_TRUE(health().healthy) << health().message;
  ASSERT_TRUE(bind("MB", {{"URL", server_.url_of("reader", "pw")}}));
  EXPECT_EQ(get("k"), "v");
  EXPECT_TRUE(set("k", "w").contains("NOPERM")) << set("k", "w");
  EXPECT_FALSE(bind("MB", {{"URL", server_.url_of("app", "wrong")}}));
}

TEST_F(RedisKeyValue, AMasterThatBecameAReplicaIsLeftForTheNewOne) {
  test::RedisServer other;
  test::Forwarder address(server_.port());
  ASSERT_TRUE(bind("MB", {{"URL", "redis://127.0.0.1:" + std::to_string(address.port())}}));
  actor_ = "MB";
  EXPECT_EQ(set("k", "v"), "v");
  // A failover behind one address: old connections live on, new ones reach the new master.
  address.lead_to(other.port());
  server_.ask({"REPLICAOF", "127.0.0.1", std::to_string(other.port())});
  EXPECT_EQ(set("k", "w"), "w");
  EXPECT_EQ(other.ask({"GET", "k"}).text, "w");
}

}  // namespace
}  // namespace trellis::providers
