// Listening besides sockets: swaps, bounds, time limits. The rest is tested through the
// providers that listen.
#include "providers/net/listener.hpp"

#include <gtest/gtest.h>

#include <string>

#include "providers/net/sweeper.hpp"
#include "support/capture_log.hpp"

namespace trellis::providers {
namespace {

TEST(Admission, ThoseThatAreToldAreCountedToo) {
  EXPECT_EQ(admission_of(0, 1), Admission::serve);
  EXPECT_EQ(admission_of(1, 1), Admission::refuse);
  EXPECT_EQ(admission_of(16, 1), Admission::refuse);
  EXPECT_EQ(admission_of(17, 1), Admission::drop);
  EXPECT_EQ(admission_of(99, 100), Admission::serve);
  EXPECT_EQ(admission_of(127, 100), Admission::refuse);
  EXPECT_EQ(admission_of(128, 100), Admission::drop);
}

TEST(Deadline, PassesOnceAndIsOnlyShortened) {
  const auto at = [](int second) { return SteadyTime(std::chrono::seconds(second)); };
  Deadline deadline;
  EXPECT_FALSE(deadline.passed(at(1'000'000'000)));
  deadline.set(at(10));
  EXPECT_FALSE(deadline.passed(at(9)));
  EXPECT_TRUE(deadline.passed(at(10)));
  deadline.shorten(at(20));
  EXPECT_TRUE(deadline.passed(at(10))) << "20 is later";
  deadline.shorten(at(5));
  EXPECT_TRUE(deadline.passed(at(5)));
  deadline.clear();
  EXPECT_FALSE(deadline.passed(at(1'000'000'000)));
}

/// Opens when `possible` has become true.
struct ListenSwapTest : ::testing::Test {
  Result<void> swap(const std::vector<ClosedAddress>& old) {
    return open_or_replace(
        [&]() -> Result<void> {
          ++opened;
          if (possible) return {};
          return fail(ErrorCode::unavailable, "attempt " + std::to_string(opened));
        },
        [&] {
          possible = possible_without_old;
          return old;
        },
        Log(log, "test"), "M");
  }
  ClosedAddress old(Result<void> outcome) {
    return {Endpoint(net::ip::address_v4::loopback(), 23), [this, outcome] {
              ++reopened;
              return outcome;
            }};
  }

  std::shared_ptr<test::CaptureLog> log = std::make_shared<test::CaptureLog>();
  bool possible = false;
  bool possible_without_old = false;
  int opened = 0;
  int reopened = 0;
};

TEST_F(ListenSwapTest, NothingIsClosedForWhatCanBeHad) {
  possible = true;
  EXPECT_TRUE(swap({old({})}));
  EXPECT_EQ(opened, 1);
  EXPECT_EQ(reopened, 0);
}

TEST_F(ListenSwapTest, TheOldOneMakesRoom) {
  possible_without_old = true;
  EXPECT_TRUE(swap({old({})}));
  EXPECT_EQ(opened, 2);
  EXPECT_EQ(reopened, 0);
}

TEST_F(ListenSwapTest, WithoutOldOnesThereIsOneAttempt) {
  const auto swapped = swap({});
  ASSERT_FALSE(swapped);
  EXPECT_EQ(swapped.error().message, "attempt 1");
  EXPECT_EQ(opened, 1);
}

TEST_F(ListenSwapTest, WhatCannotBeHadAllTheSameLeavesTheOldOnes) {
  const auto swapped = swap({old({}), old(fail(ErrorCode::unavailable, "gone for good"))});
  ASSERT_FALSE(swapped);
  EXPECT_EQ(swapped.error().message, "attempt 2");
  EXPECT_EQ(reopened, 2);
  EXPECT_EQ(log->count("127.0.0.1:23 is lost for M: gone for good"), 1U);
}

}  // namespace
}  // namespace trellis::providers
