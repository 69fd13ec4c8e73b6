#include <atomic>
#include <thread>
#include <vector>

#include "base/call_limits.hpp"
#include "support/scripted_provider.hpp"
#include "threads/blocking.hpp"
#include "threads/guest_thread.hpp"

namespace trellis::provider::testing {
namespace {

void echo(Script& script, trellis_call call, const trellis_call_info& info) {
  script.complete(call, text(info.payload));
}

class EveryKind : public ProviderTest, public ::testing::WithParamInterface<std::uint32_t> {};

INSTANTIATE_TEST_SUITE_P(Flags, EveryKind,
                         ::testing::Values(0U, TRELLIS_PROVIDER_CONCURRENT,
                                           TRELLIS_PROVIDER_NONBLOCKING, inline_flags,
                                           TRELLIS_PROVIDER_CONCURRENT |
                                               TRELLIS_PROVIDER_KEEPS_DEADLINES));

TEST_P(EveryKind, AnswersWithTheProvidersBytes) {
  script.on_call = echo;
  start(GetParam());
  EXPECT_EQ(text_of("Echo", "hello"), "hello");
  EXPECT_EQ(text_of("Echo", ""), "");
  EXPECT_EQ(provider->id(), own_id);
  EXPECT_EQ(provider->statistics().calls, 2U);
  EXPECT_EQ(provider->statistics().errors, 0U);
}

TEST_P(EveryKind, TellsThePluginWhoCallsWhatAndUntilWhen) {
  const auto caller = context();
  script.on_call = [&](Script& self, trellis_call call, const trellis_call_info& info) {
    EXPECT_EQ(info.struct_size, sizeof info);
    EXPECT_EQ(text(info.origin), "MACTOR");
    EXPECT_EQ(text(info.operation), "Get");
    EXPECT_EQ(info.deadline_ns, caller.deadline.time_since_epoch().count());
    EXPECT_EQ(info.chain_depth, 1U);
    EXPECT_EQ(self.host->cancelled(self.ctx, call), 0);
    EXPECT_NE(call, TRELLIS_NO_CALL);
    self.complete(call, "");
    EXPECT_EQ(self.host->cancelled(self.ctx, call), 1);
  };
  start(GetParam());
  EXPECT_TRUE(call_as(caller, "Get"));
}

TEST_P(EveryKind, ErrorTextsArriveUnchanged) {
  script.on_call = [](Script& self, trellis_call call, const trellis_call_info&) {
    self.complete(call, "no such key: \xc3\xbc", TRELLIS_ERROR);
  };
  start(GetParam());
  const auto answer = call("Get");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::provider_failed);
  EXPECT_EQ(answer.error().message, "no such key: \xc3\xbc");
  EXPECT_EQ(provider->statistics().errors, 1U);
}

TEST_P(EveryKind, WaitsForAnAnswerFromAnotherThread) {
  std::mutex mutex;
  std::vector<std::thread> threads;
  script.on_call = [&](Script& self, trellis_call call, const trellis_call_info& info) {
    const std::scoped_lock lock(mutex);
    threads.emplace_back(
        [&self, call, answer = text(info.payload)] { self.complete(call, answer); });
  };
  start(GetParam());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(text_of("Later", std::to_string(i)), std::to_string(i));
  EXPECT_TRUE(stop());  // no handle_call is adding a thread any more
  for (auto& thread : threads) thread.join();
}

TEST_P(EveryKind, CallerGivesUpAtTheDeadlineAndTheLateAnswerIsCounted) {
  std::atomic<trellis_call> number{0};
  script.on_call = [&](Script&, trellis_call call, const trellis_call_info&) { number = call; };
  start(GetParam());
  unsigned attempts = 0;
  for (; number == 0; ++attempts) {
    EXPECT_TRUE(is_error(call("Never", "", 20ms), ErrorCode::deadline, "did not answer Never"));
  }
  script.complete(number, "too late");
  script.complete(number, "and again");
  const auto counted = provider->statistics();
  EXPECT_EQ(counted.timeouts, attempts);
  EXPECT_EQ(counted.late_completions, 1U);
  EXPECT_EQ(counted.double_completions, 1U);
  script.on_call = echo;
  EXPECT_EQ(text_of("Echo", "next"), "next");
}

TEST_P(EveryKind, AnExpiredCallNeverReachesThePlugin) {
  script.on_call = [](Script&, trellis_call, const trellis_call_info&) { ADD_FAILURE(); };
  start(GetParam());
  EXPECT_TRUE(is_error(call("Get", "", -1ns), ErrorCode::deadline));
}

TEST_P(EveryKind, ManyThreadsGetTheirOwnAnswers) {
  script.on_call = echo;
  start(GetParam());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const auto payload = std::to_string(t * 1000 + i);
        EXPECT_EQ(text_of("Echo", payload), payload);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(provider->statistics().calls, 800U);
}

/// Waits that were announced.
class CountedWaits final : public BlockingHooks {
 public:
  bool before_block() noexcept override {
    ++count;
    return allow;
  }
  void after_block() noexcept override {}
  int count = 0;
  bool allow = true;
};

TEST_F(ProviderTest, WhoKeepsDeadlinesWaitsOnTheThreadOfAnActorsCall) {
  std::vector<std::thread::id> seen;
  script.on_call = [&](Script& self, trellis_call call, const trellis_call_info&) {
    seen.push_back(std::this_thread::get_id());
    self.complete(call, "done");
  };
  start(TRELLIS_PROVIDER_CONCURRENT | TRELLIS_PROVIDER_KEEPS_DEADLINES);
  CountedWaits waits;
  const ThreadBlockingHooks hooks(&waits);
  EXPECT_EQ(text_of("Get", ""), "done");
  EXPECT_EQ(waits.count, 1) << "others must be able to take over";
  EXPECT_TRUE(provider->call(context(), "system", "HealthRequest", {}));
  EXPECT_EQ(seen.at(0), std::this_thread::get_id());
  EXPECT_NE(seen.at(1), std::this_thread::get_id());
  waits.allow = false;
  EXPECT_TRUE(is_error(call("Get"), ErrorCode::busy));
  EXPECT_EQ(seen.size(), 2U);
  EXPECT_EQ(provider->statistics().refused_busy, 1U);
}

class OneAtATime : public ProviderTest, public ::testing::WithParamInterface<std::uint32_t> {};

INSTANTIATE_TEST_SUITE_P(Flags, OneAtATime, ::testing::Values(0U, TRELLIS_PROVIDER_NONBLOCKING));

TEST_P(OneAtATime, HandleCallNeverOverlaps) {
  std::atomic<int> inside{0};
  script.on_call = [&](Script& self, trellis_call call, const trellis_call_info&) {
    EXPECT_EQ(++inside, 1);
    std::this_thread::yield();
    --inside;
    self.complete(call, "");
  };
  start(GetParam());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) EXPECT_TRUE(call("Echo"));
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST_P(OneAtATime, ACallOfTheSameChainIsRefusedInsteadOfWaiting) {
  script.on_call = [&](Script& self, trellis_call outer, const trellis_call_info& info) {
    if (text(info.operation) == "Inner") return self.complete(outer, "");
    EXPECT_TRUE(is_error(call_as(context(ample, 99), "Inner"), ErrorCode::limit, "in this chain"));
    self.complete(outer, "done");
  };
  start(GetParam());
  EXPECT_TRUE(call_as(context(ample, 99), "Outer"));
  EXPECT_TRUE(call_as(context(ample, 99), "Inner")) << "the chain goes on after the answer";
}

TEST_P(OneAtATime, AWaiterLeavesAtItsDeadline) {
  Signal entered;
  Signal release;
  script.on_call = [&](Script& self, trellis_call call, const trellis_call_info&) {
    entered.set();
    release.wait();
    self.complete(call, "");
  };
  start(GetParam());
  std::thread first([&] { EXPECT_TRUE(call("Slow")); });
  entered.wait();
  EXPECT_TRUE(is_error(call("Second", "", 10ms), ErrorCode::deadline));
  EXPECT_EQ(provider->statistics().timeouts, 1U);
  release.set();
  first.join();
}

struct RefusingHooks final : BlockingHooks {
  bool before_block() noexcept override { return ++asked, false; }
  void after_block() noexcept override { ADD_FAILURE(); }
  int asked = 0;
};

TEST_P(EveryKind, AThreadThatMayNotWaitIsBusy) {
  std::atomic<trellis_call> number{0};
  script.on_call = [&](Script&, trellis_call call, const trellis_call_info&) { number = call; };
  start(GetParam());
  RefusingHooks hooks;
  const ThreadBlockingHooks installed(&hooks);
  EXPECT_TRUE(is_error(call("Never"), ErrorCode::busy));
  EXPECT_EQ(hooks.asked, 1);
  EXPECT_EQ(provider->statistics().refused_busy, 1U);
}

TEST_F(ProviderTest, AnInlineAnswerIsNoWait) {
  script.on_call = echo;
  start(inline_flags);
  RefusingHooks hooks;
  const ThreadBlockingHooks installed(&hooks);
  EXPECT_EQ(text_of("Echo", "x"), "x");
  EXPECT_EQ(hooks.asked, 0);
}

TEST_F(ProviderTest, NonBlockingRunsOnTheCallersThread) {
  std::thread::id seen;
  script.on_call = [&](Script& self, trellis_call call, const trellis_call_info&) {
    seen = std::this_thread::get_id();
    self.complete(call, "");
  };
  start(inline_flags);
  EXPECT_TRUE(call("Where"));
  EXPECT_EQ(seen, std::this_thread::get_id());
}

TEST_F(ProviderTest, OthersRunOnThreadsThatMayEnterGuests) {
  std::atomic<bool> guest_thread{false};
  script.on_call = [&](Script& self, trellis_call call, const trellis_call_info&) {
    guest_thread = guest_stack().has_value();
    self.complete(call, "");
  };
  start(TRELLIS_PROVIDER_CONCURRENT);
  EXPECT_TRUE(call("Where"));
  EXPECT_TRUE(guest_thread);
}

TEST_F(ProviderTest, ConcurrentCallsRunSideBySide) {
  std::atomic<int> inside{0};
  script.on_call = [&](Script& self, trellis_call call, const trellis_call_info&) {
    ++inside;
    eventually([&] { return inside == 3; });
    self.complete(call, "");
  };
  start(TRELLIS_PROVIDER_CONCURRENT, {.max_threads = 3});
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) threads.emplace_back([&] { EXPECT_TRUE(call("Meet")); });
  for (auto& thread : threads) thread.join();
}

TEST_F(ProviderTest, AFullQueueIsBusyAndGivingUpMakesRoom) {
  Signal entered;
  Signal release;
  script.on_call = [&](Script& self, trellis_call call, const trellis_call_info& info) {
    if (text(info.operation) == "Hold") {
      entered.set();
      release.wait();
    }
    self.complete(call, "");
  };
  start(0, {.queue = 1});
  std::thread holder([&] { EXPECT_TRUE(call("Hold")); });
  entered.wait();
  std::thread queued([&] {
    while (!call("Queued")) {  // a probe may occupy the one place for a moment
    }
  });
  eventually([&] {
    const auto answer = call("Probe", "", 1ms);
    return !answer && answer.error().code == ErrorCode::busy;
  });
  EXPECT_GE(provider->statistics().refused_busy, 1U);
  release.set();
  holder.join();
  queued.join();
  EXPECT_TRUE(call("After"));
}

TEST_F(ProviderTest, HangingCallsAreReplacedUpToABoundAndThenRefused) {
  Signal release;
  std::atomic<int> entered{0};
  script.on_call = [&](Script& self, trellis_call call, const trellis_call_info& info) {
    if (text(info.operation) == "Hang") {
      ++entered;
      release.wait();
    }
    self.complete(call, "fine");
  };
  start(TRELLIS_PROVIDER_CONCURRENT, {.max_threads = 1 + 1, .stuck_threads = 3});
  const auto hang = [&](int calls) {  // a slow machine may need several attempts to get inside
    while (entered < calls) EXPECT_TRUE(is_error(call("Hang", "", 20ms), ErrorCode::deadline));
    eventually([&] { return provider->statistics().stuck_threads == std::size_t(calls); });
  };
  hang(3);
  EXPECT_EQ(text_of("Quick"), "fine");  // threads beyond the hanging ones
  hang(4);
  EXPECT_TRUE(is_error(call("Quick"), ErrorCode::busy, "hangs: 4 of its calls"));
  release.set();
  eventually([&] { return provider->statistics().stuck_threads == 0; });
  EXPECT_EQ(text_of("Quick"), "fine");
  EXPECT_EQ(provider->statistics().late_completions, 4U);
}

TEST_F(ProviderTest, ASerialProviderThatHangsRefusesAfterAFewWaitedInVain) {
  Signal release;
  std::atomic<bool> entered{false};
  script.on_call = [&](Script& self, trellis_call call, const trellis_call_info& info) {
    if (text(info.operation) == "Hang") {
      entered = true;
      release.wait();
    }
    self.complete(call, "fine");
  };
  start(0, {.stuck_threads = 2});
  while (!entered) EXPECT_TRUE(is_error(call("Hang", "", 20ms), ErrorCode::deadline));
  EXPECT_TRUE(is_error(call("Quick", "", 5ms), ErrorCode::deadline));
  EXPECT_TRUE(is_error(call("Quick", "", 5ms), ErrorCode::deadline));
  EXPECT_TRUE(is_error(call("Quick", "", ample), ErrorCode::busy, "hangs"));
  EXPECT_EQ(provider->statistics().stuck_threads, 1U);
  release.set();
  eventually([&] { return provider->statistics().stuck_threads == 0; });
  EXPECT_EQ(text_of("Quick"), "fine");
}

TEST_F(ProviderTest, OverlongNamesAndPayloadsAreRefused) {
  script.on_call = echo;
  start(inline_flags);
  EXPECT_TRUE(is_error(call(std::string(300, 'x')), ErrorCode::invalid_argument));
  EXPECT_TRUE(is_error(call("Put", std::string(limits::payload_bytes + 1, 'x')), ErrorCode::limit));
}

}  // namespace
}  // namespace trellis::provider::testing
