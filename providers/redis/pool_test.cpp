#include "providers/redis/pool.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "base/call_limits.hpp"
#include "providers/redis/values.hpp"
#include "support/redis_server.hpp"
#include "support/scripted_server.hpp"

namespace trellis::providers::redis {
namespace {

using namespace std::chrono_literals;
using test::RedisServer;
using test::ScriptedServer;

SteadyTime in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

Settings settings_for(std::uint16_t port) {
  Settings settings;
  settings.address.port = port;
  settings.address.host = "127.0.0.1";
  settings.connect_timeout = test::patience;
  settings.command_timeout = test::patience;
  return settings;
}

/// The text of an answer; "error: …" otherwise.
std::string text_of(const Result<Reply>& reply) {
  return reply ? reply->text : "error: " + reply.error().message;
}

class RedisPool : public ::testing::Test {
 protected:
  Result<Reply> ask(Pool& pool, const Command& command) {
    return pool.ask(command, in(test::patience));
  }
  bool recovers(Pool& pool) {
    return test::eventually([&] { return ask(pool, {"PING"}).has_value(); });
  }
};

TEST_F(RedisPool, KeepsOneConnectionForOneCaller) {
  const RedisServer server;
  Pool pool(settings_for(server.port()));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(text_of(ask(pool, {"ECHO", "x"})), "x");
  EXPECT_EQ(server.clients(), 1U);
}

TEST_F(RedisPool, ManyCallersShareItsConnections) {
  const RedisServer server;
  auto settings = settings_for(server.port());
  settings.connections = 2;
  Pool pool(settings);
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 6; ++i) {
      callers.emplace_back([&, text = std::to_string(i)] {
        for (int round = 0; round < 100; ++round)
          EXPECT_EQ(text_of(ask(pool, {"ECHO", text})), text);
      });
    }
  }
  EXPECT_LE(server.clients(), 2U);
  EXPECT_GE(server.clients(), 1U);
}

TEST_F(RedisPool, WaitsForAConnectionUntilTheDeadline) {
  const RedisServer server;
  auto settings = settings_for(server.port());
  settings.connections = 1;
  Pool pool(settings);
  std::jthread holder([&] { EXPECT_TRUE(ask(pool, {"BLPOP", "list", "0"})); });
  ASSERT_TRUE(test::eventually([&] { return server.clients() == 1; }));
  const auto refused = pool.ask({"PING"}, in(20ms));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::busy);
  EXPECT_EQ(refused.error().message,
            "Redis at " + server.address() + ": all 1 connections are in use");
  EXPECT_TRUE(pool.ping(in(test::patience))) << "health is asked beside them";
  server.ask({"LPUSH", "list", "x"});
}

TEST_F(RedisPool, ARestartOfTheServerIsNoticedBeforeUse) {
  RedisServer server;
  Pool pool(settings_for(server.port()));
  ASSERT_TRUE(ask(pool, {"PING"}));
  server.restart();
  EXPECT_TRUE(ask(pool, {"PING"})) << "the old connection is not used";
}

TEST_F(RedisPool, AServerThatIsAwayFailsCallsAtOnceAndIsFoundAgain) {
  RedisServer server;
  Pool pool(settings_for(server.port()));
  server.kill();
  for (int i = 0; i < 3; ++i) {
    const auto refused = ask(pool, {"PING"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    EXPECT_EQ(refused.error().message, "Redis at " + server.address() + ": Connection refused");
  }
  server.start();
  EXPECT_TRUE(pool.ping(in(test::patience))) << "health does not wait for the pause to end";
  EXPECT_TRUE(ask(pool, {"PING"}));
}

TEST_F(RedisPool, ALateAnswerIsNeverTakenForAnother) {
  const RedisServer server;
  Pool pool(settings_for(server.port()));
  ASSERT_TRUE(ask(pool, {"ECHO", "first"}));
  server.freeze();
  const auto late = pool.ask({"ECHO", "late"}, in(30ms));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::deadline);
  server.thaw();
  EXPECT_EQ(text_of(ask(pool, {"ECHO", "next"})), "next");
}

TEST_F(RedisPool, TheCommandTimeoutHoldsBesideTheDeadline) {
  const RedisServer server;
  auto settings = settings_for(server.port());
  settings.command_timeout = 30ms;
  Pool pool(settings);
  EXPECT_EQ(ask(pool, {"BLPOP", "list", "0"}).error().code, ErrorCode::deadline);
}

TEST_F(RedisPool, AnswersBeyondTheBoundAreRefused) {
  const RedisServer server;
  Pool pool(settings_for(server.port()));
  server.ask({"SETRANGE", "big", std::to_string(30 * limits::mib), "x"});
  const auto refused = ask(pool, {"GET", "big"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::limit);
  EXPECT_EQ(text_of(ask(pool, {"ECHO", "next"})), "next");
}

TEST_F(RedisPool, LargeValuesGoThrough) {
  const RedisServer server;
  Pool pool(settings_for(server.port()));
  const std::string big(16 * limits::mib, 'x');
  EXPECT_EQ(text_of(ask(pool, {"SET", "big", big})), "OK");
  EXPECT_EQ(text_of(ask(pool, {"GET", "big"})), big);
}

TEST_F(RedisPool, ShuttingDownEndsWhatWaits) {
  const RedisServer server;
  auto settings = settings_for(server.port());
  settings.connections = 1;
  Pool pool(settings);
  const auto cancelled = [&] {
    EXPECT_EQ(ask(pool, {"BLPOP", "list", "0"}).error().code, ErrorCode::cancelled);
  };
  {
    std::jthread holder(cancelled);  // one of the two waits for the answer, one for the connection
    std::jthread waiter(cancelled);
    ASSERT_TRUE(test::eventually([&] { return server.clients() == 1; }));
    pool.shut_down();
  }
  EXPECT_EQ(ask(pool, {"PING"}).error().code, ErrorCode::cancelled);
  EXPECT_TRUE(test::eventually([&] { return server.clients() == 0; }));
}

TEST_F(RedisPool, LoginAndDatabase) {
  const RedisServer server({"--requirepass", "secret"});
  auto settings = settings_for(server.port());
  EXPECT_EQ(text_of(ask(*std::make_unique<Pool>(settings), {"PING"})),
            "NOAUTH Authentication required.");
  settings.address.password = "wrong";
  EXPECT_EQ(ask(*std::make_unique<Pool>(settings), {"PING"}).error().code, ErrorCode::denied);
  settings.address.password = "secret";
  settings.address.database = 3;
  Pool pool(settings);
  EXPECT_EQ(text_of(ask(pool, {"SET", "k", "v"})), "OK");
  EXPECT_NE(text_of(ask(pool, {"CLIENT", "LIST"})).find(" db=3 "), std::string::npos);
  settings.address.user = "ann";
  EXPECT_EQ(ask(*std::make_unique<Pool>(settings), {"PING"}).error().code, ErrorCode::denied);
  ASSERT_EQ(text_of(ask(pool, {"ACL", "SETUSER", "ann", "on", ">secret", "+@all", "~*"})), "OK");
  EXPECT_EQ(text_of(ask(*std::make_unique<Pool>(settings), {"PING"})), "PONG");
  settings.address.database = 99;
  EXPECT_EQ(ask(*std::make_unique<Pool>(settings), {"PING"}).error().message,
            "Redis at " + server.address() + ": Redis: ERR DB index is out of range");
}

TEST_F(RedisPool, WhatIsNoRedisIsRefused) {
  const ScriptedServer server("HTTP/1.1 400 Bad Request\r\n\r\n");
  Pool pool(settings_for(server.port()));
  EXPECT_EQ(ask(pool, {"PING"}).error().code, ErrorCode::malformed);
}

TEST_F(RedisPool, AnswersNobodyAskedForEndTheConnection) {
  const ScriptedServer server("+first\r\n+forged\r\n");
  Pool pool(settings_for(server.port()));
  EXPECT_EQ(text_of(ask(pool, {"PING"})), "first");
  EXPECT_EQ(text_of(ask(pool, {"PING"})), "first") << "on a new connection";
}

TEST_F(RedisPool, AServerThatDripsHoldsNobodyBeyondTheDeadline) {
  const ScriptedServer server([](int socket) {
    while (ScriptedServer::say(socket, "*1\r\n*0")) std::this_thread::sleep_for(1ms);
  });
  Pool pool(settings_for(server.port()));
  const auto refused = pool.ask({"PING"}, in(50ms));
  ASSERT_FALSE(refused);
}

TEST_F(RedisPool, AServerThatClosesAtOnceIsAnError) {
  const ScriptedServer server([](int) {});
  Pool pool(settings_for(server.port()));
  EXPECT_EQ(ask(pool, {"PING"}).error().code, ErrorCode::unavailable);
  EXPECT_FALSE(ask(pool, {"PING"}));
}

TEST_F(RedisPool, TheWholeAddressIsTried) {
  const RedisServer server;
  auto settings = settings_for(server.port());
  settings.address.host = "localhost";  // often ::1 first, where nobody listens
  Pool pool(settings);
  EXPECT_EQ(text_of(ask(pool, {"PING"})), "PONG");
  settings.address.host = "no-such-host.invalid";
  EXPECT_EQ(ask(*std::make_unique<Pool>(settings), {"PING"}).error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace trellis::providers::redis
