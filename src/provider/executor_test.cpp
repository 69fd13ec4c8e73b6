#include "provider/executor.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "support/scripted_provider.hpp"

namespace trellis::provider {
namespace {

using namespace std::chrono_literals;
using testing::eventually;
using testing::is_error;
using testing::Signal;

Executor::Options options(std::size_t threads, std::chrono::milliseconds idle = 1h) {
  return {"test", 4, threads, 2, idle};
}

Job job(trellis_call number, std::uint64_t chain = 0) {
  Job made;
  made.number = number;
  made.chain_id = chain;
  return made;
}

bool always(trellis_call) {
  return true;
}

TEST(Executor, IdleThreadsLeaveAndComeBack) {
  std::atomic<int> ran{0};
  Executor executor(options(2, 1ms), [&](const Job&) { ++ran; }, always);
  for (int i = 1; i <= 20; ++i) {
    ASSERT_TRUE(executor.submit(job(1)));
    eventually([&] { return ran == i; });
    std::this_thread::sleep_for(2ms);  // sometimes long enough for the thread to leave
  }
  const SystemClock clock;
  EXPECT_TRUE(executor.wait(clock.steady() + 30s, clock))
      << "all leave when there is nothing to do";
}

TEST(Executor, RefusesAfterRefuse) {
  Executor executor(options(2), [](const Job&) {}, always);
  executor.refuse();
  EXPECT_TRUE(is_error(executor.submit(job(1)), ErrorCode::cancelled));
}

TEST(Executor, TheQueueIsBounded) {
  Signal entered;
  Signal release;
  std::atomic<int> ran{0};
  Executor executor(
      options(1),
      [&](const Job&) {
        entered.set();
        release.wait();
        ++ran;
      },
      always);
  ASSERT_TRUE(executor.submit(job(1)));
  entered.wait();
  for (trellis_call i = 2; i <= 5; ++i) EXPECT_TRUE(executor.submit(job(i)));
  EXPECT_TRUE(is_error(executor.submit(job(6)), ErrorCode::busy, "4 calls wait"));
  EXPECT_TRUE(executor.caller_left(3)) << "it had not begun";
  EXPECT_TRUE(executor.submit(job(7)));
  EXPECT_FALSE(executor.caller_left(1)) << "it had";
  EXPECT_FALSE(executor.caller_left(1)) << "and is counted once";
  EXPECT_EQ(executor.stuck(), 1U);
  release.set();
  eventually([&] { return ran == 5; });
  eventually([&] { return executor.stuck() == 0; });
  executor.refuse();
}

TEST(Executor, OnlyAnUnansweredCallBlocksItsChain) {
  Signal entered;
  Signal release;
  std::atomic<bool> open{true};
  Executor executor(
      options(1),
      [&](const Job&) {
        entered.set();
        release.wait();
      },
      [&](trellis_call) { return open.load(); });
  ASSERT_TRUE(executor.submit(job(1, 99)));
  entered.wait();
  EXPECT_TRUE(is_error(executor.submit(job(2, 99)), ErrorCode::limit, "in this chain"));
  EXPECT_TRUE(executor.submit(job(3, 100)));
  EXPECT_TRUE(executor.submit(job(4, 0)));
  open = false;
  EXPECT_TRUE(executor.submit(job(5, 99)));
  release.set();
  eventually([&] { return executor.running() == 0; });
  executor.refuse();
}

TEST(Executor, SeveralThreadsDoNotBlockTheirChain) {
  Signal entered;
  Signal release;
  Executor executor(
      options(2),
      [&](const Job& made) {
        if (made.number == 2) return release.set();
        entered.set();
        release.wait();
      },
      always);
  ASSERT_TRUE(executor.submit(job(1, 99)));
  entered.wait();
  EXPECT_TRUE(executor.submit(job(2, 99)));
  release.wait();
  executor.refuse();
}

}  // namespace
}  // namespace trellis::provider
