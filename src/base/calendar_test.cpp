#include "base/calendar.hpp"

#include <fmt/chrono.h>
#include <gtest/gtest.h>

namespace trellis {
namespace {

std::string text(std::int64_t seconds) {
  return fmt::format("{:%a %Y-%m-%dT%H:%M:%S %j}",
                     utc_parts(std::chrono::sys_seconds(std::chrono::seconds(seconds))));
}

TEST(Calendar, IsThatOfTheLibraryBefore2038) {
  for (const std::int64_t seconds : {0, 1, 68'169'599, 951'782'400, 1'621'000'000, 2'147'483'647}) {
    EXPECT_EQ(text(seconds), fmt::format("{:%a %Y-%m-%dT%H:%M:%S %j}",
                                         fmt::gmtime(static_cast<std::time_t>(seconds))));
  }
}

TEST(Calendar, GoesOnWhere32BitsEnd) {
  EXPECT_EQ(text(2'147'483'648), "Tue 2038-01-19T03:14:08 019");
  EXPECT_EQ(text(4'294'967'296), "Sun 2106-02-07T06:28:16 038");
  EXPECT_EQ(text(253'402'300'799), "Fri 9999-12-31T23:59:59 365");
  EXPECT_EQ(text(-1), "Wed 1969-12-31T23:59:59 365");
}

}  // namespace
}  // namespace trellis
