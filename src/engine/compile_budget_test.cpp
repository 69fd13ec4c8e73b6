#include "engine/compile_budget.hpp"

#include <gtest/gtest.h>

namespace trellis::engine {
namespace {

TEST(CompileGate, LetsAFewInAndTellsTheOthers) {
  CompileGate gate(2);
  auto first = gate.enter(std::chrono::milliseconds(0));
  {
    auto second = gate.enter(std::chrono::milliseconds(0));
    ASSERT_TRUE(second.has_value());
    EXPECT_EQ(gate.enter(std::chrono::milliseconds(1)).error().code, ErrorCode::busy);
  }
  EXPECT_TRUE(gate.enter(std::chrono::milliseconds(0)).has_value());
}

TEST(MachineCodeBudget, CountsWhatIsAlive) {
  MachineCodeBudget budget(100);
  {
    auto held = budget.take(60);
    ASSERT_TRUE(held.has_value());
    EXPECT_EQ(budget.take(41).error().code, ErrorCode::limit);
    EXPECT_TRUE(budget.take(40).has_value());
  }
  EXPECT_TRUE(budget.take(100).has_value());
}

}  // namespace
}  // namespace trellis::engine
