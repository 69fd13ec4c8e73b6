#include "base/cow_map.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/snapshot.hpp"
#include "base/timer.hpp"

namespace trellis {
namespace {

TEST(CowMap, CopiesAreIndependent) {
  CowMap<int> a;
  for (int i = 0; i < 2000; ++i) a.set("key" + std::to_string(i), i);
  auto b = a;
  b.set("key7", -7);
  EXPECT_TRUE(b.erase("key8"));
  EXPECT_FALSE(b.erase("key8"));
  EXPECT_EQ(a.size(), 2000U);
  EXPECT_EQ(b.size(), 1999U);
  EXPECT_EQ(*a.find("key7"), 7);
  EXPECT_EQ(*b.find("key7"), -7);
  EXPECT_NE(a.find("key8"), nullptr);
  EXPECT_EQ(b.find("key8"), nullptr);
  int sum = 0;
  a.for_each([&](std::string_view, int value) { sum += value; });
  EXPECT_EQ(sum, 1999 * 2000 / 2);
}

TEST(Snapshot, ReadersKeepWhatTheyGotWhileWritersReplaceIt) {
  Snapshot<std::vector<int>> snapshot(std::make_shared<std::vector<int>>(8, 0));
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0};
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      while (!stop) {
        const auto value = snapshot.read();
        for (const int x : *value) torn += x != value->front();
      }
    });
  }
  for (int i = 1; i <= 2000; ++i) snapshot.publish(std::make_shared<std::vector<int>>(8, i));
  stop = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(snapshot.read()->front(), 2000);
}

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
