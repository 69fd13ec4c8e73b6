#include "base/rate_limit.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace trellis {
namespace {

using std::chrono::seconds;

enum class Kind { one, other };

SteadyTime at(int second) {
  return SteadyTime(seconds(second));
}

TEST(RateLimit, OnePerKindAndIntervalTheRestIsCounted) {
  RateLimit<Kind, 2> limit(seconds(10));
  EXPECT_EQ(limit.admit(Kind::one, at(100)), 0U);
  for (int second = 100; second < 110; ++second) {
    EXPECT_EQ(limit.admit(Kind::one, at(second)), std::nullopt);
  }
  EXPECT_EQ(limit.admit(Kind::one, at(110)), 10U);
  EXPECT_EQ(limit.admit(Kind::one, at(110)), std::nullopt);
  EXPECT_EQ(limit.admit(Kind::one, at(1000)), 1U);
}

TEST(RateLimit, KindsDoNotHideEachOther) {
  RateLimit<Kind, 2> limit(seconds(10));
  EXPECT_EQ(limit.admit(Kind::one, at(0)), 0U);
  EXPECT_EQ(limit.admit(Kind::other, at(0)), 0U);
  EXPECT_EQ(limit.admit(Kind::one, at(1)), std::nullopt);
  EXPECT_EQ(limit.admit(Kind::other, at(10)), 0U);
}

TEST(RateLimit, OfThreadsAtTheSameMomentOneSpeaksForAll) {
  RateLimit<Kind, 2> limit(seconds(10));
  constexpr int threads = 4;
  constexpr int each = 1000;
  std::atomic<int> spoke = 0;
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i) {
    all.emplace_back([&] {
      for (int turn = 0; turn < each; ++turn) spoke += limit.admit(Kind::one, at(5)).has_value();
    });
  }
  for (auto& thread : all) thread.join();
  EXPECT_EQ(spoke, 1);
  EXPECT_EQ(limit.admit(Kind::one, at(15)), std::uint64_t{threads * each - 1});
}

}  // namespace
}  // namespace trellis
