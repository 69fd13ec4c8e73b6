#include "base/sizes.hpp"

#include <gtest/gtest.h>

namespace trellis {
namespace {

constexpr std::uint64_t four_gib = std::uint64_t{1} << 32U;
constexpr std::uint32_t narrowest = 0xffff'ffff;

// As on 32 bits, whatever this machine has.
TEST(Sizes, OfAnAddressSpaceThatIsTooSmallAreTheLargest) {
  EXPECT_EQ(to_size<std::uint32_t>(four_gib - 1), narrowest);
  EXPECT_EQ(to_size<std::uint32_t>(four_gib), narrowest);
  EXPECT_EQ(to_size<std::uint32_t>(four_gib + 5), narrowest);
  EXPECT_EQ(mebibytes<std::uint32_t>(4095), four_gib - (1U << 20U));
  EXPECT_EQ(mebibytes<std::uint32_t>(4096), narrowest);
  EXPECT_EQ(mebibytes<std::uint32_t>(8192), narrowest);
}

TEST(Sizes, OfThisMachineNeverWrap) {
  EXPECT_EQ(to_size(7), 7U);
  EXPECT_EQ(mebibytes(3), std::size_t{3} << 20U);
  EXPECT_GE(mebibytes(4096), narrowest);
  EXPECT_GE(to_size(UINT64_MAX), narrowest);
  EXPECT_GE(mebibytes(UINT64_MAX), narrowest);
}

}  // namespace
}  // namespace trellis
