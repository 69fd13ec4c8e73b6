#include "engine/guest_space.hpp"

#include <gtest/gtest.h>

namespace trellis::engine {
namespace {

TEST(GuestSpace, CountsWhatIsFreeAndGivesItBack) {
  EXPECT_TRUE(can_reserve(limits::mib));
  EXPECT_FALSE(can_reserve(std::uint64_t{1} << 62U));
  EXPECT_TRUE(can_reserve(limits::mib, 20 * limits::mib));
  EXPECT_FALSE(can_reserve(std::uint64_t{1} << 62U, limits::mib));
  EXPECT_EQ(count_reservations(limits::mib, 3), 3U);
  EXPECT_EQ(count_reservations(std::uint64_t{1} << 62U, 3), 0U);
  // More than all of a 32-bit address space, were it not given back each time.
  for (int i = 0; i < 64; ++i) EXPECT_EQ(count_reservations(256 * limits::mib, 1), 1U);
}

#if !defined(__LP64__)
TEST(GuestSpace, SizesBeyondTheAddressSpaceAreRefusedNotCut) {
  EXPECT_FALSE(can_reserve((std::uint64_t{1} << 32U) + limits::mib));
}
#endif

}  // namespace
}  // namespace trellis::engine
