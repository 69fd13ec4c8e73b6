#include "providers/redis/pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/call_limits.hpp"
#include "providers/redis/values.hpp"
#include "support/certificate.hpp"
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
            "error: Redis at " + server.address() + ": Redis: NOAUTH Authentication required.");
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

/// A server that answers each command with the next of these; the last one again and again.
auto answers(std::vector<std::string> texts, std::atomic<int>& asked) {
  return [texts = std::move(texts), &asked](int socket) {
    while (ScriptedServer::wait_for_bytes(socket)) {
      const auto index = std::min<std::size_t>(static_cast<std::size_t>(asked++), texts.size() - 1);
      ScriptedServer::say(socket, texts[index]);
    }
  };
}

TEST_F(RedisPool, WhatAServerRefusesBeforeItDidAnythingIsAskedAgainOverAnotherConnection) {
  for (const std::string refusal :
       {"-READONLY You can't write against a read only replica.\r\n",
        "-LOADING Redis is loading the dataset in memory\r\n",
        "-MASTERDOWN Link with MASTER is down\r\n", "-NOAUTH Authentication required.\r\n",
        "-WRONGPASS invalid username-password pair\r\n", "-CLUSTERDOWN The cluster is down\r\n"}) {
    std::atomic<int> asked = 0;
    const ScriptedServer server(answers({"+OK\r\n", refusal, "+done\r\n"}, asked));
    Pool pool(settings_for(server.port()));
    EXPECT_EQ(text_of(ask(pool, {"SET", "k", "v"})), "OK");
    EXPECT_EQ(text_of(ask(pool, {"SET", "k", "v"})), "done") << refusal;
    EXPECT_EQ(server.connections(), 2U) << refusal;
    EXPECT_EQ(asked, 3);
  }
}

TEST_F(RedisPool, AServerThatRefusesForEverIsNamedWithWhatToDo) {
  struct Case {
    std::string answer;
    ErrorCode code;
    std::string remedy;
    int most;
  };
  for (const auto& [answer, code, remedy, most] :
       {Case{"-READONLY no", ErrorCode::unavailable, "master", 2},
        Case{"-LOADING no", ErrorCode::unavailable, "not ready", 4},
        Case{"-NOAUTH no", ErrorCode::denied, "user and password", 2},
        Case{"-MOVED 3999 127.0.0.1:6381", ErrorCode::unsupported, "cluster", 1},
        Case{"-ASK 3999 127.0.0.1:6381", ErrorCode::unsupported, "cluster", 1},
        Case{"-CROSSSLOT no", ErrorCode::unsupported, "cluster", 1},
        Case{"-NOPERM no", ErrorCode::denied, "permit", 1}}) {
    std::atomic<int> asked = 0;
    const ScriptedServer server(answers({answer + "\r\n"}, asked));
    Pool pool(settings_for(server.port()));
    const auto reply = ask(pool, {"SET", "k", "v"});
    ASSERT_FALSE(reply) << answer;
    EXPECT_EQ(reply.error().code, code) << answer;
    EXPECT_TRUE(reply.error().message.contains(answer.substr(1))) << reply.error().message;
    EXPECT_TRUE(reply.error().remedy.contains(remedy)) << reply.error().remedy;
    EXPECT_EQ(asked, most) << answer;
  }
  std::atomic<int> asked = 0;
  const ScriptedServer server(answers({"-ERR READONLY is a word of it\r\n"}, asked));
  Pool pool(settings_for(server.port()));
  EXPECT_EQ(text_of(ask(pool, {"SET", "k", "v"})), "ERR READONLY is a word of it");
}

TEST_F(RedisPool, AUserWhoMayNotPingIsAnswered) {
  const RedisServer server;
  server.ask({"ACL", "SETUSER", "app", "on", ">pw", "~*", "+get"});
  auto settings = settings_for(server.port());
  settings.address.user = "app";
  settings.address.password = "pw";
  Pool pool(settings);
  EXPECT_TRUE(pool.ping(in(test::patience)));
}

TEST_F(RedisPool, EncryptsAndChecksTheServer) {
  const test::Certificate certificate;
  const test::Certificate stranger;
  ASSERT_TRUE(certificate.made()) << "the openssl program is missing";
  const auto port = std::to_string(test::free_port());
  const RedisServer server({"--tls-port", port, "--tls-cert-file", certificate.certificate(),
                            "--tls-key-file", certificate.key(), "--tls-auth-clients", "no"});
  const auto trusted = tcp::TlsContext::make({.authorities = certificate.certificate()});
  const auto doubted = tcp::TlsContext::make({.authorities = stranger.certificate()});
  ASSERT_TRUE(trusted && doubted);
  auto settings = settings_for(static_cast<std::uint16_t>(std::stoi(port)));
  settings.address.tls = true;
  for (const auto* host : {"127.0.0.1", "localhost"}) {
    settings.address.host = host;
    Pool pool(settings, *trusted);
    const std::string large(300'000, 'x');
    EXPECT_EQ(text_of(ask(pool, {"SET", "k", large})), "OK");
    EXPECT_EQ(text_of(ask(pool, {"GET", "k"})), large);
    EXPECT_EQ(server.clients(), 1U) << "the connection was kept";
  }
  Pool wary(settings, *doubted);
  const auto refused = ask(wary, {"PING"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::denied);
  EXPECT_TRUE(refused.error().message.contains("not trusted")) << refused.error().message;
  EXPECT_TRUE(refused.error().remedy.contains("TLS_CA"));
  settings.address.host = "localhost.localdomain";  // the same machine, another name
  Pool misnamed(settings, *trusted);
  EXPECT_FALSE(ask(misnamed, {"PING"}));
  const ScriptedServer no_tls("HTTP/1.1 400 Bad Request\r\n\r\n");
  settings.address.host = "127.0.0.1";
  settings.address.port = no_tls.port();
  Pool confused(settings, *trusted);
  const auto clear = ask(confused, {"PING"});
  ASSERT_FALSE(clear);
  EXPECT_EQ(clear.error().code, ErrorCode::unavailable);
  EXPECT_FALSE(tcp::TlsContext::make({.authorities = "/nowhere.pem"}));
}

}  // namespace
}  // namespace trellis::providers::redis
