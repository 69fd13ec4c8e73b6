#include "base/guard.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace trellis {
namespace {

TEST(Guard, RestoresHoweverTheScopeEnds) {
  int value = 1;
  EXPECT_THROW(
      {
        const Restore inside(value, 2);
        EXPECT_EQ(value, 2);
        throw std::bad_alloc();
      },
      std::bad_alloc);
  EXPECT_EQ(value, 1);
}

TEST(Guard, WhatIsThrownIsAnErrorOfOneCaller) {
  EXPECT_EQ(contained([]() -> Result<int> { return 3; }).value(), 3);
  const auto memory = contained([]() -> Result<int> { throw std::bad_alloc(); });
  EXPECT_EQ(memory.error().message, "out of memory");
  EXPECT_EQ(memory.error().code, ErrorCode::limit);
  const auto other = contained([]() -> Result<int> { throw std::runtime_error("broken"); });
  EXPECT_EQ(other.error().message, "broken");
  EXPECT_EQ(contained([]() -> Result<int> { throw 7; }).error().code, ErrorCode::limit);
}

TEST(Guard, LoopsAreBegunAgain) {
  EXPECT_FALSE(survived([] { throw std::bad_alloc(); }));
  int turns = 0;
  persevere([&] {
    if (++turns < 2) throw std::bad_alloc();
  });
  EXPECT_EQ(turns, 2);
}

}  // namespace
}  // namespace trellis
