#include "base/memory_budget.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace trellis {
namespace {

TEST(MemoryBudget, OneKindGetsTwoThirdsAndLeavesTheRest) {
  MemoryBudget budget(3000);
  EXPECT_TRUE(budget.take(Held::claims, 2000));
  EXPECT_FALSE(budget.take(Held::claims, 1));
  EXPECT_TRUE(budget.take(Held::http, 500));
  EXPECT_FALSE(budget.take(Held::http, 501));
  EXPECT_EQ(budget.held(), 2500U);
  EXPECT_EQ(budget.figures(Held::claims).bytes, 2000U);
  EXPECT_EQ(budget.figures(Held::claims).refused, 1U);
  EXPECT_EQ(budget.figures(Held::http).refused, 1U);
  budget.give_back(Held::claims, 2000);
  EXPECT_EQ(budget.held(), 500U);
  EXPECT_FALSE(budget.take(Held::links, static_cast<std::size_t>(-1))) << "must not wrap around";
  EXPECT_EQ(budget.held(), 500U);
}

TEST(MemoryBudget, ChargesGiveBackWhatTheyTook) {
  const auto budget = std::make_shared<MemoryBudget>(3000);
  {
    auto charge = MemoryCharge::of(budget, Held::calls, 1000);
    ASSERT_TRUE(charge);
    EXPECT_TRUE(charge->resize(1500));
    EXPECT_FALSE(charge->resize(2500));
    EXPECT_EQ(charge->bytes(), 1500U);
    EXPECT_TRUE(charge->resize(100));
    MemoryCharge moved = std::move(*charge);
    EXPECT_EQ(budget->held(), 100U);
    moved = MemoryCharge(budget, Held::http);
    EXPECT_EQ(budget->held(), 0U);
    EXPECT_TRUE(moved.resize(7));
    const auto refused = MemoryCharge::of(budget, Held::calls, 2500);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::busy);
  }
  EXPECT_EQ(budget->held(), 0U);
  EXPECT_TRUE(MemoryCharge::of(nullptr, Held::calls, 1U << 30U)) << "nobody counts";
}

TEST(MemoryBudget, ManyThreads) {
  const auto budget = std::make_shared<MemoryBudget>(1000);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        const auto charge = MemoryCharge::of(budget, Held::http, 300);
        EXPECT_LE(budget->held(), 1000U + 3 * 300U);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(budget->held(), 0U);
}

TEST(MemoryBudget, TheUsualOneFitsTheMachine) {
  EXPECT_GE(usual_memory_budget(), 64U << 20U);
  EXPECT_LE(usual_memory_budget(), 1024U << 20U);
}

}  // namespace
}  // namespace trellis
