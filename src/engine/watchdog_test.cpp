#include "engine/watchdog.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace trellis::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class Target final : public Interruptible {
 public:
  std::atomic<int> interrupts = 0;
  std::function<void()> also;
  void interrupt() noexcept override {
    if (also) also();
    ++interrupts;
  }
};

template <class Condition>
bool eventually(Condition condition) {
  const auto end = steady_clock::now() + seconds(20);
  while (!condition()) {
    if (steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

TEST(Watchdog, InterruptsAtTheDeadlineAndOnce) {
  const SystemClock clock;
  Watchdog watchdog(4, clock);
  Target target;
  Watchdog::Entry entry(target);
  const auto deadline = steady_clock::now() + milliseconds(20);
  watchdog.arm(entry, deadline);
  ASSERT_TRUE(eventually([&] { return target.interrupts > 0; }));
  EXPECT_GE(steady_clock::now(), deadline);
  EXPECT_TRUE(watchdog.disarm(entry));
  EXPECT_EQ(target.interrupts, 1);
}

TEST(Watchdog, DisarmedEntriesAreLeftAlone) {
  const SystemClock clock;
  Watchdog watchdog(4, clock);
  Target target;
  Watchdog::Entry entry(target);
  for (int i = 0; i < 100; ++i) {
    watchdog.arm(entry, steady_clock::now() + seconds(60));
    EXPECT_FALSE(watchdog.disarm(entry));
  }
  EXPECT_EQ(target.interrupts, 0);
}

TEST(Watchdog, AnEntryCanBeArmedAgainAfterAKill) {
  const SystemClock clock;
  Watchdog watchdog(4, clock);
  Target target;
  Watchdog::Entry entry(target);
  watchdog.arm(entry, steady_clock::now());
  ASSERT_TRUE(eventually([&] { return target.interrupts == 1; }));
  EXPECT_TRUE(watchdog.disarm(entry));
  watchdog.arm(entry, steady_clock::now() + seconds(60));
  EXPECT_FALSE(watchdog.disarm(entry));
  EXPECT_EQ(target.interrupts, 1);
}

TEST(Watchdog, AnEarlierDeadlineShortensItsSleep) {
  const SystemClock clock;
  Watchdog watchdog(4, clock);
  Target late;
  Target early;
  Watchdog::Entry late_entry(late);
  Watchdog::Entry early_entry(early);
  watchdog.arm(late_entry, steady_clock::now() + seconds(3600));
  watchdog.arm(early_entry, steady_clock::now() + milliseconds(5));
  EXPECT_TRUE(eventually([&] { return early.interrupts == 1; }));
  EXPECT_FALSE(watchdog.disarm(late_entry));
  EXPECT_TRUE(watchdog.disarm(early_entry));
}

TEST(Watchdog, InterruptsInTheOrderOfDeadlines) {
  const SystemClock clock;
  Watchdog watchdog(64, clock);
  std::mutex mutex;
  std::vector<int> order;
  std::deque<Target> targets(64);
  std::deque<Watchdog::Entry> entries;
  const auto base = steady_clock::now() + milliseconds(50);
  for (int i = 0; i < 64; ++i) {
    targets[static_cast<std::size_t>(i)].also = [&order, &mutex, i] {
      const std::scoped_lock lock(mutex);
      order.push_back(i);
    };
    entries.emplace_back(targets[static_cast<std::size_t>(i)]);
  }
  std::vector<int> shuffled(64);
  for (int i = 0; i < 64; ++i) shuffled[static_cast<std::size_t>(i)] = (i * 37) % 64;
  for (const int i : shuffled) {
    watchdog.arm(entries[static_cast<std::size_t>(i)], base + std::chrono::microseconds(i));
  }
  EXPECT_TRUE(eventually([&] {
    const std::scoped_lock lock(mutex);
    return order.size() == 64;
  }));
  for (auto& entry : entries) EXPECT_TRUE(watchdog.disarm(entry));
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST(Watchdog, HeapStaysOrderedUnderRemovals) {
  const SystemClock clock;
  Watchdog watchdog(128, clock);
  std::deque<Target> targets(128);
  std::deque<Watchdog::Entry> entries;
  for (auto& target : targets) entries.emplace_back(target);
  std::mt19937 random(7);
  const auto now = steady_clock::now();
  std::vector<bool> armed(128);
  for (int i = 0; i < 20000; ++i) {
    const std::size_t at = random() % 128;
    if (armed[at]) {
      EXPECT_FALSE(watchdog.disarm(entries[at]));
    } else {
      watchdog.arm(entries[at], now + seconds(1000 + random() % 1000));
    }
    armed[at] = !armed[at];
  }
  // Whatever is left goes off when an entry in the past does, and only that one.
  Target due;
  Watchdog::Entry due_entry(due);
  watchdog.arm(due_entry, now);
  EXPECT_TRUE(eventually([&] { return due.interrupts == 1; }));
  EXPECT_TRUE(watchdog.disarm(due_entry));
  for (std::size_t at = 0; at < 128; ++at) {
    if (armed[at]) {
      EXPECT_FALSE(watchdog.disarm(entries[at]));
    }
    EXPECT_EQ(targets[at].interrupts, 0);
  }
}

TEST(Watchdog, NoInterruptComesAfterDisarm) {
  // Deadlines that pass just when the call ends: what disarm() says and what happened must agree,
  // and after it nothing may come. Several threads, as guests run on several.
  const SystemClock clock;
  Watchdog watchdog(8, clock);
  const auto body = [&] {
    Target target;
    Watchdog::Entry entry(target);
    int expected = 0;
    for (int i = 0; i < 3000; ++i) {
      watchdog.arm(entry, steady_clock::now() + std::chrono::microseconds(i % 40));
      if (i % 3 == 0) std::this_thread::yield();
      if (watchdog.disarm(entry)) ++expected;
      ASSERT_EQ(target.interrupts, expected);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(body);
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace trellis::engine
