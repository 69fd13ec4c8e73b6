// Servers that are old, limited, confused or hostile.
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "base/limits.hpp"
#include "nats/nats_fixture.hpp"
#include "support/scripted_nats.hpp"

namespace trellis::nats {
namespace {

using test::ScriptedNats;
using test::ScriptedPeer;

constexpr auto modern = R"({"server_id":"x","version":"2.9.10","proto":1,"headers":true,)"
                        R"("max_payload":1048576})";
constexpr auto old = R"({"server_id":"x","version":"2.1.9","proto":1,"max_payload":1048576})";

class HostileServerTest : public NatsTest {
 protected:
  /// It connects, loses the connection to what the server says, and connects again.
  void expect_new_attempts(const std::string& said) const {
    const ScriptedNats server([&](ScriptedPeer& peer) {
      peer.greet(modern);
      (void)peer.line();  // SUB of the inbox
      peer.send(said);
    });
    const auto transport = connect(server.options());
    EXPECT_TRUE(eventually([&] { return server.connections() >= 3; })) << said;
  }
};

TEST_F(HostileServerTest, AServersOwnPayloadLimitIsKept) {
  const NatsServer server("max_payload: 1000\n");
  const auto transport = connected(server.options());
  EXPECT_EQ(transport->max_payload(), 1000U);
  const Bytes fits(1000, 'x');
  const Bytes exceeds(1001, 'x');
  EXPECT_TRUE(transport->publish("a", fits, {}));
  const auto refused = transport->publish("a", exceeds, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::limit);
  EXPECT_NE(refused.error().message.find("1001"), std::string::npos);
  EXPECT_NE(refused.error().message.find("1000"), std::string::npos);
  EXPECT_EQ(request_and_wait(*transport, "a", exceeds, far()).error().code, ErrorCode::limit);
  EXPECT_TRUE(transport->flush(far())) << "the server dropped the connection";
}

TEST_F(HostileServerTest, WithoutHeadersOnlyTheTimerTellsThatNobodyIsThere) {
  std::mutex mutex;
  std::string connect_line;
  const ScriptedNats server([&](ScriptedPeer& peer) {
    auto line = peer.greet(old);
    {
      const std::scoped_lock lock(mutex);
      connect_line = std::move(line);
    }
    peer.serve([&](const std::string& command) {
      if (command.starts_with("PUB ")) (void)peer.payload(1);
    });
  });
  const auto transport = connected(server.options());
  ASSERT_TRUE(transport->flush(far()));
  {
    const std::scoped_lock lock(mutex);
    EXPECT_NE(connect_line.find(R"("no_responders":false)"), std::string::npos) << connect_line;
    EXPECT_NE(connect_line.find(R"("headers":false)"), std::string::npos) << connect_line;
  }
  const auto answer =
      request_and_wait(*transport, "nobody", as_bytes("x"), in(std::chrono::milliseconds(100)));
  EXPECT_EQ(answer.error().code, ErrorCode::deadline);
  EXPECT_TRUE(transport->flush(far()));
}

TEST_F(HostileServerTest, HeadersAreOfferedToServersThatKnowThem) {
  std::mutex mutex;
  std::string connect_line;
  const ScriptedNats server([&](ScriptedPeer& peer) {
    auto line = peer.greet(modern);
    {
      const std::scoped_lock lock(mutex);
      connect_line = std::move(line);
    }
    peer.serve();
  });
  const auto transport = connected(server.options());
  ASSERT_TRUE(transport->flush(far()));
  const std::scoped_lock lock(mutex);
  EXPECT_NE(connect_line.find(R"("no_responders":true)"), std::string::npos) << connect_line;
}

class AbsurdPayloadLimit : public NatsTest,
                           public testing::WithParamInterface<std::pair<const char*, std::size_t>> {
};

TEST_P(AbsurdPayloadLimit, IsTakenAsFarAsItMakesSense) {
  const auto [told, taken] = GetParam();
  const auto info =
      std::string(R"({"proto":1,"version":"2.9.0","headers":true,"max_payload":)") + told + "}";
  const ScriptedNats server([&](ScriptedPeer& peer) {
    peer.greet(info);
    peer.serve([&](const std::string& command) {
      if (command.starts_with("PUB ")) (void)peer.payload(1);
    });
  });
  const auto transport = connected(server.options());
  EXPECT_EQ(transport->max_payload(), taken);
  const auto sent = transport->publish("a", as_bytes("x"), {});
  EXPECT_EQ(sent.has_value(), taken > 0);
  if (!sent) {
    EXPECT_EQ(sent.error().code, ErrorCode::limit);
    EXPECT_EQ(logged("nothing can be sent to it"), 1U);
  }
  EXPECT_TRUE(transport->flush(far()));
}

INSTANTIATE_TEST_SUITE_P(
    HostileServer, AbsurdPayloadLimit,
    testing::Values(std::pair("0", std::size_t{0}), std::pair("-1", std::size_t{0}),
                    std::pair("-9223372036854775808", std::size_t{0}),
                    std::pair("1", std::size_t{1}),
                    std::pair("2147483648", limits::nats_most_payload_bytes),
                    std::pair("9223372036854775807", limits::nats_most_payload_bytes)),
    [](const auto& made) {
      std::string name = made.param.first;
      if (name.starts_with('-')) name.replace(0, 1, "minus_");
      return name;
    });

TEST_F(HostileServerTest, GarbageEndsTheConnectionNotTheTrying) {
  expect_new_attempts("\x01\x02\x03 garbage\r\n\r\n");
}
TEST_F(HostileServerTest, MessagesOfAbsurdSizesEndTheConnection) {
  expect_new_attempts("MSG a 1 -5\r\n");
}
TEST_F(HostileServerTest, AnEndInTheMiddleOfAMessage) {
  expect_new_attempts("MSG a 1 1000\r\nonly this");
}
TEST_F(HostileServerTest, ErrorsTheLibraryDoesNotKnow) {
  expect_new_attempts("-ERR 'what is this'\r\n-ERR 'Permissions Violation for x'\r\n");
}
TEST_F(HostileServerTest, RefusalsInTheMiddleOfAConnection) {
  expect_new_attempts("-ERR 'Authorization Violation'\r\n-ERR 'Authorization Violation'\r\n");
}

TEST_F(HostileServerTest, WhatIsNoNatsServerIsSaidSo) {
  const ScriptedNats server([](ScriptedPeer& peer) {
    peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    (void)peer.line();
  });
  const auto transport = connect(server.options());
  EXPECT_NE(transport->state(), TransportState::connected);
  EXPECT_TRUE(eventually([&] { return logged("does not speak NATS") > 0; }));
}

TEST_F(HostileServerTest, AnswersNobodyAskedForAreDropped) {
  const ScriptedNats server([](ScriptedPeer& peer) {
    peer.greet(modern);
    auto inbox = peer.line();  // SUB _INBOX.….* <blanks> <number>
    inbox = inbox.substr(4, inbox.find('*') - 4);
    for (const std::string_view end : {"99", "zzzzzzzzzzzzzzzzzzzz", "-1", "0", "!", "99.2"}) {
      peer.send("MSG " + inbox + std::string(end) + " 1 2\r\nhi\r\n");
      peer.send("HMSG " + inbox + std::string(end) + " 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n");
    }
    peer.serve([&](const std::string& command) {
      if (!command.starts_with("PUB ")) return;
      (void)peer.payload(0);
      const auto reply = command.substr(6, command.find(' ', 6) - 6);
      peer.send("MSG " + reply + " 1 3\r\nyes\r\n");
      peer.send("MSG " + reply + " 1 2\r\nno\r\n");
    });
  });
  const auto transport = connected(server.options());
  for (int i = 0; i < 5; ++i) {
    Reply reply;
    transport->request("q", {}, far(), reply.handler());
    const auto answer = reply.wait();
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(as_text(*answer), "yes");
    ASSERT_TRUE(transport->flush(far()));
    EXPECT_EQ(reply.count(), 1);
  }
}

TEST_F(HostileServerTest, APermissionViolationIsLoggedAndTheConnectionStays) {
  const NatsServer server(
      R"(authorization { users: [ { user: a, password: b, permissions: { publish: "ok" } } ] })");
  auto options = server.options();
  options.user = "a";
  options.password = "b";
  const auto transport = connected(options);
  ASSERT_TRUE(transport->publish("forbidden", {}, {}));
  EXPECT_TRUE(eventually([&] { return logged("ermissions") > 0; }));
  EXPECT_TRUE(transport->flush(far()));
}

}  // namespace
}  // namespace trellis::nats
