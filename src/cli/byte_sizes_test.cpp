#include "cli/byte_sizes.hpp"

#include <gtest/gtest.h>

namespace trellis::cli {
namespace {

TEST(ByteSizesTest, ReadsUnits) {
  EXPECT_EQ(parse_size("0"), 0U);
  EXPECT_EQ(parse_size("12"), 12U);
  EXPECT_EQ(parse_size("12B"), 12U);
  EXPECT_EQ(parse_size("1.5KiB"), 1536U);
  EXPECT_EQ(parse_size("2 mib"), 2U << 20U);
  EXPECT_EQ(parse_size("1G"), 1U << 30U);
  EXPECT_EQ(parse_size("1GB"), 1'000'000'000U);
  EXPECT_EQ(parse_size("2TiB"), std::uint64_t{2} << 40U);
}

TEST(ByteSizesTest, RefusesWhatIsNone) {
  for (const auto* text : {"", "G", "-1", "1 X", "1e9", "1GiBs", "1 2", "nan", "inf", "0x10",
                           "99999999999999999999", "10000TiB"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(ByteSizesTest, ShowsThem) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(1023), "1023 B");
  EXPECT_EQ(size_text(1024), "1.0 KiB");
  EXPECT_EQ(size_text(3'600'000), "3.4 MiB");
  EXPECT_EQ(size_text(std::uint64_t{5} << 50U), "5120.0 TiB");
}

}  // namespace
}  // namespace trellis::cli
