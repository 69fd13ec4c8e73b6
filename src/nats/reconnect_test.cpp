// Servers that are away, come, go and hang.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <deque>
#include <thread>

#include "nats/nats_fixture.hpp"
#include "tcp/stream.hpp"

namespace trellis::nats {
namespace {

/// The states a transport went through.
class States {
 public:
  explicit States(Transport& transport) {
    transport.on_state_change([this](TransportState state) {
      const std::scoped_lock lock(mutex_);
      seen_.push_back(state);
    });
  }
  [[nodiscard]] std::vector<TransportState> seen() const {
    const std::scoped_lock lock(mutex_);
    return seen_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<TransportState> seen_;
};

using ReconnectTest = NatsTest;

/// Greeting of a server to whoever connects.
std::string greeting_of(std::uint16_t port) {
  std::array<std::uint8_t, 4096> text{};
  auto stream = tcp::Stream::connect("127.0.0.1", port, -1, far());
  if (!stream) return {};
  const auto size = stream->receive(text, far());
  return size ? std::string(as_text(ByteView(text).first(*size))) : std::string();
}

TEST_F(ReconnectTest, AServerMayComeLater) {
  NatsServer server({}, NatsServer::Start::later);
  const auto transport = connect(server.options());
  EXPECT_EQ(transport->state(), TransportState::connecting);
  EXPECT_EQ(logged("NATS at " + server.address() + ": no server answers"), 1U);
  EXPECT_EQ(logged("start nats-server there"), 1U);
  const States states(*transport);
  Inbox inbox;
  auto subscription = transport->subscribe("early", "", inbox.handler(), {});
  ASSERT_TRUE(subscription);
  EXPECT_EQ(transport->publish("early", as_bytes("lost"), {}).error().code, ErrorCode::unavailable);
  EXPECT_EQ(request_and_wait(*transport, "early", {}, far()).error().code, ErrorCode::unavailable);
  EXPECT_EQ(transport->flush(far()).error().code, ErrorCode::unavailable);
  server.start();
  ASSERT_TRUE(eventually([&] { return transport->state() == TransportState::connected; }));
  ASSERT_TRUE(transport->publish("early", as_bytes("found"), {}));
  ASSERT_TRUE(inbox.wait_for(1));
  EXPECT_EQ(inbox.texts(), std::vector<std::string>{"found"});
  EXPECT_TRUE(eventually([&] { return states.seen() == std::vector{TransportState::connected}; }));
}

TEST_F(ReconnectTest, AServerThatIsAboutToEndIsLeftWithoutALoss) {
  const auto ports = std::pair(test::free_port(), test::free_port());
  const auto cluster = [](std::uint16_t own, std::uint16_t other) {
    return fmt::format(
        "cluster {{ name: test, listen: \"127.0.0.1:{}\", routes: [\"nats://127.0.0.1:{}\"] }}",
        own, other);
  };
  NatsServer leaving(cluster(ports.first, ports.second));
  NatsServer staying(cluster(ports.second, ports.first));
  const auto asker = connected(leaving.options());
  const auto answerer = connected(leaving.options());
  const States states(*asker);
  const auto echo = echo_on(*answerer, "echo");
  const auto ask = [&] { return request_and_wait(*asker, "echo", as_bytes("x"), far()); };
  ASSERT_TRUE(ask());
  // Both learn from the one they know that there is another: it tells them when it begins to tell
  // newcomers.
  ASSERT_TRUE(eventually(
      [&] { return greeting_of(leaving.port()).contains(fmt::format(":{}\"", staying.port())); }));
  ASSERT_TRUE(asker->flush(far()) && answerer->flush(far()));
  leaving.retire();
  const auto moved = [&] { return logged("is about to end: moved to"); };
  std::size_t asked = 0;
  do {
    const auto answer = ask();
    ASSERT_TRUE(answer) << asked << ": " << answer.error().message;
    ++asked;
  } while (moved() < 2 && asked < 100'000);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(ask());
  EXPECT_EQ(moved(), 2U);
  EXPECT_EQ(states.seen(), std::vector<TransportState>{}) << "it was connected all the time";
}

TEST_F(ReconnectTest, AServerThatIsAboutToEndServesToTheEndWhereThereIsNoOther) {
  const NatsServer leaving;
  const auto transport = connected(leaving.options());
  const auto echo = echo_on(*transport, "echo");
  leaving.retire();
  ASSERT_TRUE(eventually([&] { return logged("no other server is known") == 1U; }));
  EXPECT_TRUE(request_and_wait(*transport, "echo", as_bytes("x"), far()));
}

TEST_F(ReconnectTest, SubscriptionsAndInboxSurviveAServersDeath) {
  NatsServer server;
  const auto transport = connected(server.options());
  const States states(*transport);
  const auto echo = echo_on(*transport, "echo");
  Inbox inbox;
  auto grouped = transport->subscribe("grouped", "group", inbox.handler(), {});
  auto ended = transport->subscribe("ended", "", inbox.handler(), {});
  server.kill();
  ASSERT_TRUE(eventually([&] { return transport->state() == TransportState::disconnected; }));
  ended->reset();
  EXPECT_EQ(transport->publish("grouped", as_bytes("never sent"), {}).error().code,
            ErrorCode::unavailable);
  auto during = transport->subscribe("during", "", inbox.handler(), {});
  ASSERT_TRUE(during);
  server.start();
  ASSERT_TRUE(eventually([&] { return transport->state() == TransportState::connected; }));
  const auto answer = request_and_wait(*transport, "echo", as_bytes("again"), far());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(as_text(*answer), "again");
  ASSERT_TRUE(transport->publish("ended", as_bytes("ended"), {}));
  ASSERT_TRUE(transport->publish("grouped", as_bytes("grouped"), {}));
  ASSERT_TRUE(inbox.wait_for(1));
  ASSERT_TRUE(transport->publish("during", as_bytes("during"), {}));
  ASSERT_TRUE(inbox.wait_for(2));
  EXPECT_EQ(inbox.texts(), (std::vector<std::string>{"grouped", "during"}));
  EXPECT_EQ(states.seen(), (std::vector{TransportState::disconnected, TransportState::connected}));
  EXPECT_GE(logged("lost NATS server"), 1U);
}

TEST_F(ReconnectTest, RequestsInFlightAtAServersDeathAreAnsweredOnce) {
  NatsServer server;
  const auto transport = connected(server.options());
  auto silent = transport->subscribe("silent", "", [](const Message&) {}, {});
  ASSERT_TRUE(transport->flush(far()));
  std::vector<Reply> replies;
  // They wait for their deadline, so it is a near one; the server has to die before it.
  for (std::chrono::milliseconds time(500);; time *= 2) {
    const auto deadline = in(time);
    replies = std::vector<Reply>(100);
    for (auto& reply : replies) transport->request("silent", {}, deadline, reply.handler());
    server.kill();
    if (std::chrono::steady_clock::now() < deadline) break;
    server.start();
    ASSERT_TRUE(eventually([&] { return transport->flush(far()).has_value(); }));
  }
  for (auto& reply : replies) {
    EXPECT_EQ(reply.wait().error().code, ErrorCode::unavailable);
    EXPECT_EQ(reply.count(), 1);
  }
}

TEST_F(ReconnectTest, AnAnswerOverTheNextConnectionStillCounts) {
  NatsServer server;
  const auto transport = connected(server.options());
  Inbox asked;
  auto slow = transport->subscribe(
      "slow", "", [&](const Message& message) { asked.put(std::string(message.reply)); }, {});
  ASSERT_TRUE(transport->flush(far()));
  Reply reply;
  transport->request("slow", {}, far(), reply.handler());
  ASSERT_TRUE(asked.wait_for(1));
  server.restart();
  ASSERT_TRUE(eventually(
      [&] { return transport->publish(asked.texts()[0], as_bytes("late"), {}).has_value(); }));
  const auto answer = reply.wait();
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(as_text(*answer), "late");
}

TEST_F(ReconnectTest, RequestsWhileServersComeAndGoAreAllAnsweredOnce) {
  NatsServer server;
  const auto transport = connected(server.options());
  const auto echo = echo_on(*transport, "echo");
  std::atomic<bool> stop{false};
  std::deque<Reply> replies;  // of the asker alone until it has ended
  std::atomic<std::size_t> used{0};
  std::thread asker([&] {
    while (!stop) {
      // Requests that a death leaves in flight wait for their deadline, since an answer may still
      // come.
      transport->request("echo", {}, in(std::chrono::milliseconds(300)),
                         replies.emplace_back().handler());
      if (++used % 50 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  const auto more_are_asked = [&] {
    return eventually([&, until = used + 200] { return used > until; });
  };
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(more_are_asked());
    server.kill();
    EXPECT_TRUE(eventually([&] { return transport->state() != TransportState::connected; }));
    EXPECT_TRUE(more_are_asked());
    server.start();
    EXPECT_TRUE(eventually([&] { return transport->state() == TransportState::connected; }));
  }
  EXPECT_TRUE(more_are_asked());
  stop = true;
  asker.join();
  std::size_t answered = 0;
  for (auto& reply : replies) {
    const auto answer = reply.wait();
    answered += answer.has_value();
  }
  EXPECT_GT(answered, 0U);
  EXPECT_LT(answered, replies.size()) << "some met no server";
  transport->close();  // nothing comes after it
  for (const auto& reply : replies) ASSERT_EQ(reply.count(), 1);
}

TEST_F(ReconnectTest, DrainWhileTheServerIsAwayEnds) {
  NatsServer server;
  const auto transport = connected(server.options());
  auto subscription = transport->subscribe("a", "", [](const Message&) {}, {});
  server.kill();
  (*subscription)->drain(in(std::chrono::milliseconds(200)));
  ASSERT_TRUE(eventually([&] { return transport->state() == TransportState::disconnected; }));
  (*subscription)->drain(far());
}

TEST_F(ReconnectTest, CloseDoesNotWaitForAnAttempt) {
  // A server that takes the connection and then says nothing.
  const auto listener = test::listen_on(0);
  NatsOptions options;
  options.servers = {"127.0.0.1:" + std::to_string(test::port_of(listener))};
  options.connect_timeout = std::chrono::milliseconds(2000);
  auto transport = connect(options);
  const auto before = std::chrono::steady_clock::now();
  transport->close();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(1));
}

TEST_F(ReconnectTest, TheSecondServerIsUsedWhenTheFirstIsAway) {
  NatsServer away({}, NatsServer::Start::later);
  NatsServer there;
  auto options = there.options();
  options.servers.insert(options.servers.begin(), away.address());
  const auto transport = connected(options);
  EXPECT_TRUE(transport->flush(far()));
}

TEST_F(ReconnectTest, AHungServerEndsFlushAndRequestsInTime) {
  NatsServer server;
  const auto transport = connected(server.options());
  server.freeze();
  EXPECT_EQ(transport->flush(in(std::chrono::milliseconds(50))).error().code, ErrorCode::deadline);
  EXPECT_EQ(request_and_wait(*transport, "a", {}, in(std::chrono::milliseconds(50))).error().code,
            ErrorCode::deadline);
  server.thaw();
  EXPECT_TRUE(transport->flush(far()));
}

TEST_F(ReconnectTest, AServerThatReadsNothingLosesItsConnection) {
  NatsServer server;
  const auto transport = connected(server.options());
  server.freeze();
  const Bytes payload(1024 * 1024, 'x');
  Result<void> sent;
  for (int i = 0; i < 1000 && sent; ++i) sent = transport->publish("a", payload, {});
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::unavailable);
  EXPECT_TRUE(eventually([&] { return transport->state() == TransportState::disconnected; }));
  server.thaw();
  EXPECT_TRUE(eventually([&] { return transport->state() == TransportState::connected; }));
  EXPECT_TRUE(transport->flush(far()));
}

}  // namespace
}  // namespace trellis::nats
