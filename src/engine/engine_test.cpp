#include "engine/engine.hpp"

#include <gtest/gtest.h>

#include <array>

namespace trellis::engine {
namespace {

class Memory : public ::testing::Test {
 protected:
  std::array<std::uint8_t, 16> bytes_{};
  GuestMemory memory_{bytes_.data(), bytes_.size()};
};

TEST_F(Memory, RangesAreCheckedIn64Bits) {
  EXPECT_TRUE(memory_.contains(0, 16));
  EXPECT_TRUE(memory_.contains(15, 1));
  EXPECT_FALSE(memory_.contains(15, 2));
  EXPECT_FALSE(memory_.contains(16, 1));
  EXPECT_FALSE(memory_.contains(0xffffffff, 2));
  EXPECT_FALSE(memory_.contains(1, 0xffffffff));
  EXPECT_FALSE(memory_.contains(1, UINT64_MAX));
}

TEST_F(Memory, EmptyRangesAreFineAnywhere) {
  EXPECT_TRUE(memory_.contains(0xffffffff, 0));
  EXPECT_TRUE(memory_.view(0xffffffff, 0)->empty());
  EXPECT_TRUE(memory_.write(0xffffffff, {}));
  EXPECT_TRUE(GuestMemory().contains(3, 0));
  EXPECT_FALSE(GuestMemory().contains(0, 1));
}

TEST_F(Memory, ScalarsAreLittleEndian) {
  EXPECT_TRUE(memory_.write_u64(8, 0x1122334455667788));
  EXPECT_EQ(memory_.read_u32(8), 0x55667788U);
  EXPECT_EQ(memory_.read_u64(8), 0x1122334455667788U);
  EXPECT_TRUE(memory_.write_u16(0, 0x0102));
  EXPECT_EQ(bytes_[0], 2);
  EXPECT_FALSE(memory_.write_u32(13, 1));
  EXPECT_FALSE(memory_.read_u64(9).has_value());
  EXPECT_EQ(bytes_[13], 0x33) << "nothing is written when the range does not fit";
}

}  // namespace
}  // namespace trellis::engine
