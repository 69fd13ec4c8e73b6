#include "providers/common/link_values.hpp"

#include <gtest/gtest.h>

namespace trellis::providers {
namespace {

TEST(LinkValues, AreCheckedAndNamedInErrors) {
  const codec::StringMap values = {{"N", " 12 "},  {"X", "12x"},    {"BIG", "99"},
                                   {"BLANK", " "}, {"YES", "True"}, {"NO", "false"}};
  EXPECT_EQ(number_value(values, "N", 1, 0, 20).value(), 12U);
  EXPECT_EQ(number_value(values, "ABSENT", 7, 0, 20).value(), 7U);
  EXPECT_EQ(number_value(values, "BLANK", 7, 0, 20).value(), 7U);
  EXPECT_EQ(number_value(values, "X", 7, 0, 20).error().message,
            "link value X is '12x', expected a number from 0 to 20");
  EXPECT_FALSE(number_value(values, "BIG", 7, 0, 20));
  EXPECT_TRUE(flag_value(values, "YES", false).value());
  EXPECT_FALSE(flag_value(values, "NO", true).value());
  EXPECT_FALSE(flag_value(values, "N", true));
}

}  // namespace
}  // namespace trellis::providers
