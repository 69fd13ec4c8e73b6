#include "base/cow_map.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

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

}  // namespace
}  // namespace trellis
