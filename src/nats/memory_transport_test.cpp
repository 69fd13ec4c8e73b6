#include "nats/memory_transport.hpp"

#include <gtest/gtest.h>

#include <future>
#include <mutex>

#include "nats/memory_bus_core.hpp"

namespace trellis::nats {
namespace {

/// Collects what a subscription gets.
struct BusInbox {
  MessageHandler handler() {
    return [this](const Message& message) {
      const std::scoped_lock lock(mutex);
      got.push_back(std::string(message.subject) + "=" + std::string(as_text(message.payload)));
    };
  }
  std::vector<std::string> take() {
    const std::scoped_lock lock(mutex);
    return std::exchange(got, {});
  }
  std::mutex mutex;
  std::vector<std::string> got;
};

SteadyTime in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

Result<Bytes> ask(Transport& transport, std::string_view subject,
                  std::chrono::milliseconds time = std::chrono::seconds(10)) {
  std::promise<Result<Bytes>> answer;
  transport.request(subject, as_bytes("?"), in(time),
                    [&](Result<Bytes> result) { answer.set_value(std::move(result)); });
  return answer.get_future().get();
}

using Strings = std::vector<std::string>;

TEST(MemoryTransport, PatternsMatchWholeTokens) {
  EXPECT_TRUE(subject_matches("a.b", "a.b"));
  EXPECT_FALSE(subject_matches("a.b", "a.bc"));
  EXPECT_FALSE(subject_matches("a.b", "a.b.c"));
  EXPECT_FALSE(subject_matches("a.b.c", "a.b"));
  EXPECT_TRUE(subject_matches("a.*.c", "a.x.c"));
  EXPECT_TRUE(subject_matches("a.>", "a.b.c"));
  EXPECT_FALSE(subject_matches("a.>", "a"));
}

TEST(MemoryTransport, EverySubscriberHearsInOrder) {
  MemoryBus bus;
  const auto a = bus.connect();
  const auto b = bus.connect({.echo = false});
  BusInbox at_a;
  BusInbox at_b;
  const auto sa = a->subscribe("s.*", {}, at_a.handler());
  const auto sb = b->subscribe("s.1", {}, at_b.handler());
  ASSERT_TRUE(a->publish("s.1", as_bytes("x")));
  ASSERT_TRUE(b->publish("s.1", as_bytes("y")));
  bus.settle();
  EXPECT_EQ(at_a.take(), (Strings{"s.1=x", "s.1=y"}));
  EXPECT_EQ(at_b.take(), (Strings{"s.1=x"})) << "without echo";
}

TEST(MemoryTransport, AQueueGroupGivesEachMessageToOne) {
  MemoryBus bus;
  const auto a = bus.connect();
  const auto b = bus.connect();
  BusInbox at_a;
  BusInbox at_b;
  const auto sa = a->subscribe("q", "q", at_a.handler());
  const auto sb = b->subscribe("q", "q", at_b.handler());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(a->publish("q", {}));
  bus.settle();
  const auto first = at_a.take().size();
  const auto second = at_b.take().size();
  EXPECT_EQ(first + second, 10U);
  EXPECT_GT(first, 0U);
  EXPECT_GT(second, 0U);
}

TEST(MemoryTransport, RequestsAreAnsweredOrTimeOutOrFindNobody) {
  MemoryBus bus;
  const auto a = bus.connect();
  const auto b = bus.connect();
  const auto service = b->subscribe("echo", {}, [&](const Message& message) {
    ASSERT_TRUE(b->publish(message.reply, as_bytes("!")));
  });
  const auto silent = b->subscribe("silent", {}, [](const Message&) {});
  EXPECT_EQ(ask(*a, "echo"), to_bytes("!"));
  EXPECT_EQ(ask(*a, "silent", std::chrono::milliseconds(20)).error().code, ErrorCode::deadline);
  EXPECT_EQ(ask(*a, "nobody").error().code, ErrorCode::not_found);
  bus.set_no_responders(false);
  EXPECT_EQ(ask(*a, "nobody", std::chrono::milliseconds(20)).error().code, ErrorCode::deadline);
}

TEST(MemoryTransport, AQuestionWithAnInboxHearsThatNobodyIsThere) {
  MemoryBus bus;
  const auto a = bus.connect({.echo = false});
  BusInbox at_a;
  const auto inbox = a->new_inbox();
  const auto answers = a->subscribe(inbox, {}, at_a.handler());
  ASSERT_TRUE(a->publish("nobody", as_bytes("?"), inbox));
  bus.settle();
  EXPECT_EQ(at_a.take(), (Strings{inbox + "="}));
}

TEST(MemoryTransport, ACutLosesMessagesAndKeepsSubscriptions) {
  MemoryBus bus;
  const auto a = bus.connect();
  const auto b = bus.connect();
  BusInbox at_b;
  std::mutex mutex;
  std::vector<TransportState> states;
  b->on_state_change([&](TransportState state) {
    const std::scoped_lock lock(mutex);
    states.push_back(state);
  });
  const auto sb = b->subscribe("s", {}, at_b.handler());
  b->cut();
  ASSERT_TRUE(a->publish("s", as_bytes("lost")));
  EXPECT_EQ(b->publish("s", {}).error().code, ErrorCode::unavailable);
  EXPECT_EQ(ask(*b, "s").error().code, ErrorCode::unavailable);
  b->restore();
  ASSERT_TRUE(a->publish("s", as_bytes("heard")));
  bus.settle();
  EXPECT_EQ(at_b.take(), (Strings{"s=heard"}));
  const std::scoped_lock lock(mutex);
  EXPECT_EQ(states, (std::vector{TransportState::disconnected, TransportState::connected}));
}

TEST(MemoryTransport, LimitsAndBadSubjectsAreRefused) {
  MemoryBus bus;
  bus.set_max_payload(4);
  const auto a = bus.connect();
  EXPECT_EQ(a->max_payload(), 4U);
  EXPECT_EQ(a->publish("s", as_bytes("12345")).error().code, ErrorCode::limit);
  for (const std::string bad : {"", "a b", "a..b", ".a", "a.", "a.*", "a.>", "a\r\n"}) {
    EXPECT_EQ(a->publish(bad, {}).error().code, ErrorCode::invalid_argument) << bad;
  }
}

TEST(MemoryTransport, ClosingEndsEverything) {
  MemoryBus bus;
  const auto a = bus.connect();
  auto b = bus.connect();
  BusInbox at_b;
  const auto silent = a->subscribe("silent", {}, [](const Message&) {});
  const auto sb = b->subscribe("s", {}, at_b.handler());
  std::promise<Result<Bytes>> answer;
  b->request("silent", {}, in(std::chrono::hours(1)),
             [&](Result<Bytes> result) { answer.set_value(std::move(result)); });
  b->close();
  b->close();
  EXPECT_EQ(answer.get_future().get().error().code, ErrorCode::cancelled);
  EXPECT_EQ(b->state(), TransportState::closed);
  ASSERT_TRUE(a->publish("s", {}));
  bus.settle();
  EXPECT_TRUE(at_b.take().empty());
}

TEST(MemoryTransport, ASubscriptionMayEndInItsOwnHandler) {
  MemoryBus bus;
  const auto a = bus.connect();
  std::unique_ptr<Subscription> once;
  std::atomic<int> heard = 0;
  once = std::move(*a->subscribe("s", {}, [&](const Message&) {
    ++heard;
    once.reset();
  }));
  ASSERT_TRUE(a->publish("s", {}));
  ASSERT_TRUE(a->publish("s", {}));
  bus.settle();
  EXPECT_EQ(heard, 1);
}

}  // namespace
}  // namespace trellis::nats
