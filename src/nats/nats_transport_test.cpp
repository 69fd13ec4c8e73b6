// Every member of the seam, against a real server.
#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <thread>

#include "base/limits.hpp"
#include "nats/nats_fixture.hpp"

namespace trellis::nats {
namespace {

class NatsTransportTest : public NatsTest {
 protected:
  NatsServer server_;
  std::unique_ptr<Transport> transport_ = connected(server_.options());
};

std::size_t threads_of_process() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Threads:")) return std::stoul(line.substr(8));
  }
  return 0;
}

TEST_F(NatsTransportTest, PublishReachesSubscribersInOrder) {
  Inbox inbox;
  auto subscription = transport_->subscribe("a.*", "", inbox.handler(), {});
  ASSERT_TRUE(subscription);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(transport_->publish("a.b", as_bytes(std::to_string(i)), {}));
  }
  ASSERT_TRUE(inbox.wait_for(1000));
  for (int i = 0; i < 1000; ++i)
    EXPECT_EQ(inbox.texts()[static_cast<std::size_t>(i)], std::to_string(i));
  EXPECT_EQ((*subscription)->dropped(), 0U);
}

TEST_F(NatsTransportTest, HandlersSeeSubjectAndReply) {
  std::promise<std::pair<std::string, std::string>> seen;
  auto subscription = transport_->subscribe(
      "x.>", "",
      [&](const Message& message) {
        seen.set_value({std::string(message.subject), std::string(message.reply)});
      },
      {});
  ASSERT_TRUE(subscription);
  ASSERT_TRUE(transport_->publish("x.y.z", {}, "back.here"));
  EXPECT_EQ(seen.get_future().get(), std::pair(std::string("x.y.z"), std::string("back.here")));
}

TEST_F(NatsTransportTest, RequestsAreAnswered) {
  const auto echo = echo_on(*transport_, "echo");
  const auto answer = request_and_wait(*transport_, "echo", as_bytes("hello"), far());
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(as_text(*answer), "hello");
  const auto empty = request_and_wait(*transport_, "echo", {}, far());
  ASSERT_TRUE(empty) << empty.error().message;
  EXPECT_TRUE(empty->empty());
}

TEST_F(NatsTransportTest, ThousandRequestsInFlightEachGetTheirOwnAnswer) {
  const auto echo = echo_on(*transport_, "echo");
  std::vector<Reply> replies(1000);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    transport_->request("echo", as_bytes(std::to_string(i)), far(), replies[i].handler());
  }
  for (std::size_t i = 0; i < replies.size(); ++i) {
    const auto answer = replies[i].wait();
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(as_text(*answer), std::to_string(i));
    EXPECT_EQ(replies[i].count(), 1);
  }
}

TEST_F(NatsTransportTest, NobodyThereIsSaidAtOnce) {
  const auto answer = request_and_wait(*transport_, "nobody", as_bytes("x"), far());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::not_found);
}

TEST_F(NatsTransportTest, SilenceEndsAtTheDeadline) {
  auto silent = transport_->subscribe("silent", "", [](const Message&) {}, {});
  const auto before = std::chrono::steady_clock::now();
  const auto answer =
      request_and_wait(*transport_, "silent", as_bytes("x"), in(std::chrono::milliseconds(50)));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::deadline);
  EXPECT_EQ(answer.error().message, "RPC call timed out");
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(50));
  const auto past = request_and_wait(*transport_, "silent", as_bytes("x"), SteadyTime());
  EXPECT_EQ(past.error().code, ErrorCode::deadline);
}

TEST_F(NatsTransportTest, AnEarlierDeadlineIsNotHeldUpByALaterOne) {
  auto silent = transport_->subscribe("silent", "", [](const Message&) {}, {});
  Reply late, early;
  transport_->request("silent", {}, far(), late.handler());
  transport_->request("silent", {}, in(std::chrono::milliseconds(20)), early.handler());
  EXPECT_EQ(early.wait().error().code, ErrorCode::deadline);
  EXPECT_EQ(late.count(), 0);
}

TEST_F(NatsTransportTest, ALateAnswerIsNoSecondAnswer) {
  std::promise<std::string> asked;
  auto slow = transport_->subscribe(
      "slow", "", [&](const Message& message) { asked.set_value(std::string(message.reply)); }, {});
  Reply reply;
  transport_->request("slow", {}, in(std::chrono::milliseconds(20)), reply.handler());
  const auto inbox = asked.get_future().get();
  EXPECT_EQ(reply.wait().error().code, ErrorCode::deadline);
  ASSERT_TRUE(transport_->publish(inbox, as_bytes("late"), {}));
  ASSERT_TRUE(transport_->publish(inbox, as_bytes("later"), {}));
  const auto echo = echo_on(*transport_, "echo");
  ASSERT_TRUE(request_and_wait(*transport_, "echo", as_bytes("x"), far()));
  EXPECT_EQ(reply.count(), 1);
}

TEST_F(NatsTransportTest, BadSubjectsNeverReachTheWire) {
  const auto bad = std::string_view("a b\r\nPUB c 0\r\n");
  EXPECT_EQ(transport_->publish(bad, {}, {}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(transport_->publish("a.*", {}, {}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(transport_->publish("a", {}, "b c").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(transport_->subscribe("a..b", "", [](const Message&) {}, {}).error().code,
            ErrorCode::invalid_argument);
  EXPECT_EQ(transport_->subscribe("a", "b c", [](const Message&) {}, {}).error().code,
            ErrorCode::invalid_argument);
  Reply reply;
  transport_->request("a b", {}, far(), reply.handler());
  EXPECT_EQ(reply.wait().error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(transport_->flush(far()));
  EXPECT_EQ(transport_->state(), TransportState::connected);
}

TEST_F(NatsTransportTest, TheDefaultPayloadLimitIsKept) {
  EXPECT_EQ(transport_->max_payload(), limits::nats_payload_bytes);
  Inbox inbox;
  auto subscription = transport_->subscribe("big", "", inbox.handler(), {});
  Bytes payload(limits::nats_payload_bytes, 'x');
  ASSERT_TRUE(transport_->publish("big", payload, {}));
  ASSERT_TRUE(inbox.wait_for(1));
  EXPECT_EQ(inbox.texts()[0].size(), payload.size());
  payload.push_back('x');
  EXPECT_EQ(transport_->publish("big", payload, {}).error().code, ErrorCode::limit);
}

TEST_F(NatsTransportTest, QueueGroupsShareMessages) {
  const auto second = connected(server_.options());
  Inbox here, there;
  auto one = transport_->subscribe("work", "group", here.handler(), {});
  auto two = second->subscribe("work", "group", there.handler(), {});
  ASSERT_TRUE(transport_->flush(far()) && second->flush(far()));
  for (int i = 0; i < 400; ++i) ASSERT_TRUE(transport_->publish("work", as_bytes("x"), {}));
  ASSERT_TRUE(eventually([&] { return here.size() + there.size() >= 400; }));
  ASSERT_TRUE(transport_->flush(far()) && second->flush(far()));
  EXPECT_EQ(here.size() + there.size(), 400U);
  EXPECT_GT(here.size(), 0U);
  EXPECT_GT(there.size(), 0U);
}

TEST_F(NatsTransportTest, EchoCanBeSwitchedOff) {
  auto options = server_.options();
  options.echo = false;
  const auto quiet = connected(options);
  Inbox own, other;
  auto mine = quiet->subscribe("news", "", own.handler(), {});
  auto theirs = transport_->subscribe("news", "", other.handler(), {});
  ASSERT_TRUE(quiet->flush(far()) && transport_->flush(far()));
  ASSERT_TRUE(quiet->publish("news", as_bytes("mine"), {}));
  ASSERT_TRUE(other.wait_for(1));
  ASSERT_TRUE(transport_->publish("news", as_bytes("theirs"), {}));
  ASSERT_TRUE(own.wait_for(1));
  EXPECT_EQ(own.texts(), std::vector<std::string>{"theirs"});
}

TEST_F(NatsTransportTest, InboxesAreForSeveralAnswers) {
  const auto inbox_subject = transport_->new_inbox();
  EXPECT_NE(inbox_subject, transport_->new_inbox());
  Inbox inbox;
  auto collected = transport_->subscribe(inbox_subject, "", inbox.handler(), {});
  auto one = echo_on(*transport_, "ping");
  auto two = echo_on(*transport_, "ping");
  ASSERT_TRUE(transport_->publish("ping", as_bytes("x"), inbox_subject));
  EXPECT_TRUE(inbox.wait_for(2));
}

TEST_F(NatsTransportTest, ThousandSubscriptionsWithoutThousandThreads) {
  const auto before = threads_of_process();
  std::vector<std::unique_ptr<Subscription>> subscriptions;
  std::atomic<int> received{0};
  for (int i = 0; i < 1000; ++i) {
    auto made = transport_->subscribe("many." + std::to_string(i), "",
                                      [&](const Message&) { ++received; }, {});
    ASSERT_TRUE(made);
    subscriptions.push_back(std::move(*made));
  }
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(transport_->publish("many." + std::to_string(i), {}, {}));
  }
  EXPECT_TRUE(eventually([&] { return received == 1000; }));
  EXPECT_LE(threads_of_process(), before + 2);
}

TEST_F(NatsTransportTest, AfterItsDestructorAHandlerIsQuiet) {
  for (int round = 0; round < 50; ++round) {
    std::atomic<bool> gone{false};
    std::atomic<int> after{0};
    std::atomic<int> seen{0};
    auto subscription = transport_->subscribe("busy", "",
                                              [&](const Message&) {
                                                if (gone) ++after;
                                                ++seen;
                                              },
                                              {});
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(transport_->publish("busy", {}, {}));
    ASSERT_TRUE(eventually([&] { return seen > 0; }));
    subscription->reset();
    gone = true;
    ASSERT_TRUE(transport_->flush(far()));
    EXPECT_EQ(after, 0);
  }
}

TEST_F(NatsTransportTest, ASubscriptionMayEndInItsOwnHandler) {
  std::unique_ptr<Subscription> subscription;
  std::mutex mutex;
  std::atomic<int> seen{0};
  {
    const std::scoped_lock lock(mutex);
    auto made = transport_->subscribe("once", "",
                                      [&](const Message&) {
                                        const std::scoped_lock inner(mutex);
                                        ++seen;
                                        subscription.reset();
                                      },
                                      {});
    ASSERT_TRUE(made);
    subscription = std::move(*made);
  }
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(transport_->publish("once", {}, {}));
  // Under the lock: the handler is still at work on what this function owns after it has counted.
  ASSERT_TRUE(eventually([&] {
    const std::scoped_lock lock(mutex);
    return seen > 0;
  }));
  ASSERT_TRUE(request_and_wait(*transport_, "nobody", {}, far()).error().code ==
              ErrorCode::not_found);
  EXPECT_EQ(seen, 1);
}

TEST_F(NatsTransportTest, HandlersThatThrowAreLogged) {
  auto subscription = transport_->subscribe(
      "bad", "", [](const Message&) { throw std::runtime_error("oh no"); }, {});
  ASSERT_TRUE(transport_->publish("bad", {}, {}));
  EXPECT_TRUE(eventually([&] { return logged("oh no") == 1; }));
}

TEST_F(NatsTransportTest, SlowHandlersLoseMessagesAndThatIsCountedAndLogged) {
  std::promise<void> release;
  auto released = release.get_future().share();
  auto subscription = transport_->subscribe(
      "slow", "", [released](const Message&) { released.wait(); }, {.messages = 10, .bytes = 1000});
  ASSERT_TRUE(subscription);
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(transport_->publish("slow", as_bytes("12345678"), {}));
  EXPECT_TRUE(eventually([&] { return (*subscription)->dropped() >= 480; }));
  EXPECT_TRUE(eventually([&] { return logged("messages on slow come faster") == 1; }));
  release.set_value();
  EXPECT_TRUE(transport_->flush(far()));
}

TEST_F(NatsTransportTest, CloseAnswersWhatIsOpen) {
  auto silent = transport_->subscribe("silent", "", [](const Message&) {}, {});
  std::vector<Reply> replies(100);
  for (auto& reply : replies) transport_->request("silent", {}, far(), reply.handler());
  transport_->close();
  for (auto& reply : replies) {
    EXPECT_EQ(reply.wait().error().code, ErrorCode::cancelled);
    EXPECT_EQ(reply.count(), 1);
  }
  EXPECT_EQ(transport_->state(), TransportState::closed);
  EXPECT_EQ(transport_->publish("a", {}, {}).error().code, ErrorCode::cancelled);
  EXPECT_EQ(transport_->flush(far()).error().code, ErrorCode::cancelled);
  EXPECT_EQ(transport_->subscribe("a", "", [](const Message&) {}, {}).error().code,
            ErrorCode::cancelled);
  Reply late;
  transport_->request("silent", {}, far(), late.handler());
  EXPECT_EQ(late.wait().error().code, ErrorCode::cancelled);
  transport_->close();
  transport_.reset();
  silent->reset();  // outlives its transport
}

TEST_F(NatsTransportTest, WhatWasPublishedBeforeCloseArrives) {
  Inbox inbox;
  auto subscription = transport_->subscribe("last.words", "", inbox.handler(), {});
  ASSERT_TRUE(transport_->flush(far()));
  constexpr std::size_t rounds = 20;
  constexpr std::size_t messages = 50;
  for (std::size_t round = 0; round < rounds; ++round) {
    const auto speaker = connected(server_.options());
    for (std::size_t i = 0; i < messages; ++i) {
      ASSERT_TRUE(speaker->publish("last.words", as_bytes("x"), {}));
    }
    speaker->close();
  }
  EXPECT_TRUE(inbox.wait_for(rounds * messages)) << inbox.size();
}

TEST_F(NatsTransportTest, RequestsRacingWithCloseAreAnsweredOnce) {
  const auto echo = echo_on(*transport_, "echo");
  std::vector<Reply> replies(2000);
  std::thread asker([&] {
    for (auto& reply : replies) transport_->request("echo", {}, far(), reply.handler());
  });
  (void)replies.front().wait();  // some are answered, and some still to be asked
  transport_->close();
  asker.join();
  for (auto& reply : replies) {
    const auto answer = reply.wait();
    EXPECT_TRUE(answer || answer.error().code == ErrorCode::cancelled ||
                answer.error().code == ErrorCode::unavailable)
        << answer.error().message;
    EXPECT_EQ(reply.count(), 1);
  }
}

TEST_F(NatsTransportTest, ATransportMayEndInAHandlerOfItsOwn) {
  std::promise<void> done;
  std::shared_ptr<Transport> transport = connected(server_.options());
  auto subscription = transport->subscribe("end", "",
                                           [&](const Message&) {
                                             transport.reset();
                                             done.set_value();
                                           },
                                           {});
  ASSERT_TRUE(transport->flush(far()));
  ASSERT_TRUE(transport_->publish("end", {}, {}));
  ASSERT_EQ(done.get_future().wait_for(patience), std::future_status::ready);
  subscription->reset();
}

TEST_F(NatsTransportTest, ATransportMayEndInAnAnswerOfItsOwn) {
  for (const bool by_deadline : {false, true}) {
    std::promise<void> done;
    auto transport = connected(server_.options());
    auto silent = transport_->subscribe("silent", "", [](const Message&) {}, {});
    ASSERT_TRUE(transport_->flush(far()));
    transport->request(by_deadline ? "silent" : "nobody", {}, in(std::chrono::milliseconds(50)),
                       [&](Result<Bytes>) {
                         transport.reset();
                         done.set_value();
                       });
    ASSERT_EQ(done.get_future().wait_for(patience), std::future_status::ready);
  }
}

TEST_F(NatsTransportTest, DrainLosesNothing) {
  const auto publisher = connected(server_.options());
  const auto second = connected(server_.options());
  Inbox first_inbox, second_inbox;
  auto first = transport_->subscribe("work", "group", first_inbox.handler(), {});
  auto other = second->subscribe("work", "group", second_inbox.handler(), {});
  ASSERT_TRUE(transport_->flush(far()) && second->flush(far()));
  std::atomic<bool> stop{false};
  std::size_t sent = 0;
  std::thread sender([&] {
    while (!stop) {
      if (publisher->publish("work", as_bytes(std::to_string(sent)), {})) ++sent;
    }
  });
  ASSERT_TRUE(first_inbox.wait_for(200));
  (*first)->drain(far());
  const auto taken = first_inbox.size();
  const auto by_other = second_inbox.size();
  EXPECT_TRUE(second_inbox.wait_for(by_other + 200));
  stop = true;
  sender.join();
  ASSERT_TRUE(eventually([&] { return first_inbox.size() + second_inbox.size() >= sent; }));
  EXPECT_EQ(first_inbox.size() + second_inbox.size(), sent);
  EXPECT_EQ(first_inbox.size(), taken) << "the handler ran after the drain had ended";
}

TEST_F(NatsTransportTest, DrainHandsOutWhatIsQueuedButNotForEver) {
  std::promise<void> release;
  auto released = release.get_future().share();
  std::atomic<int> seen{0};
  auto subscription = transport_->subscribe("slow", "",
                                            [&, released](const Message&) {
                                              released.wait();
                                              ++seen;
                                            },
                                            {});
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(transport_->publish("slow", {}, {}));
  ASSERT_TRUE(transport_->flush(far()));
  (*subscription)->drain(in(std::chrono::milliseconds(100)));
  EXPECT_EQ(seen, 0);
  release.set_value();
}

TEST_F(NatsTransportTest, DrainInTheHandlerDoesNotWaitForItself) {
  std::unique_ptr<Subscription> subscription;
  std::mutex mutex;
  std::promise<void> drained;
  std::atomic<int> seen{0};
  {
    const std::scoped_lock lock(mutex);
    auto made = transport_->subscribe("self", "",
                                      [&](const Message&) {
                                        const std::scoped_lock inner(mutex);
                                        if (seen++ > 0) return;
                                        subscription->drain(far());
                                        drained.set_value();
                                      },
                                      {});
    subscription = std::move(*made);
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(transport_->publish("self", {}, {}));
    ASSERT_TRUE(transport_->flush(far()));
  }
  ASSERT_EQ(drained.get_future().wait_for(patience), std::future_status::ready);
  EXPECT_TRUE(eventually([&] { return seen == 10; }));
}

TEST_F(NatsTransportTest, ManyThreadsUseOneTransport) {
  const auto echo = echo_on(*transport_, "echo");
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const auto text = std::to_string(t * 1000 + i);
        auto own = transport_->subscribe("own." + text, "", [](const Message&) {}, {});
        const auto answer = request_and_wait(*transport_, "echo", as_bytes(text), far());
        good += answer && as_text(*answer) == text ? 1 : 0;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 400);
}

}  // namespace
}  // namespace trellis::nats
