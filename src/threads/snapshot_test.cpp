#include "threads/snapshot.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace trellis {
namespace {

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

}  // namespace
}  // namespace trellis
