#include "threads/timer.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace trellis {
namespace {

TEST(Timer, RunsInOrderOfTimeAndCancels) {
  std::vector<int> order;
  std::atomic<int> done{0};
  Timer timer;
  const auto now = std::chrono::steady_clock::now();
  const auto never = timer.at(now + std::chrono::milliseconds(1), [&] { done += 100; });
  EXPECT_TRUE(timer.cancel(never));
  EXPECT_FALSE(timer.cancel(never));
  timer.at(now + std::chrono::milliseconds(30), [&] {
    order.push_back(2);
    ++done;
  });
  timer.at(now + std::chrono::milliseconds(10), [&] {
    order.push_back(1);
    ++done;
  });
  while (done < 2) std::this_thread::yield();
  EXPECT_EQ(done, 2);
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

}  // namespace
}  // namespace trellis
