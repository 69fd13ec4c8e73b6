#include "cli/durations.hpp"

#include <gtest/gtest.h>

namespace trellis::cli {
namespace {

using std::chrono::milliseconds;

TEST(Durations, HaveUnitsOrThatOfTheOption) {
  const auto seconds = milliseconds(1000);
  const std::pair<const char*, std::int64_t> good[] = {
      {"2s", 2000},     {"500ms", 500}, {"1.5s", 1500}, {"1m30s", 90'000}, {"2h", 7'200'000},
      {"1d", 86400000}, {"3", 3000},    {"0.25", 250},  {"0", 0},          {"1m0s", 60'000}};
  for (const auto& [text, ms] : good) {
    const auto read = parse_duration(text, seconds);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->count(), ms) << text;
  }
  EXPECT_EQ(*parse_duration("3", milliseconds(1)), milliseconds(3));
}

TEST(Durations, RefuseWhatIsNone) {
  for (const char* text : {"", "s", "-1", "-1s", "1x", "1 s", "1s 2", "1s2", "s1", "nan", "inf",
                           "1e9", "99999999999999999999d", "1ss", "0x10", "\xff"}) {
    const auto read = parse_duration(text, milliseconds(1000));
    ASSERT_FALSE(read) << text;
    EXPECT_NE(read.error().remedy.find("500ms"), std::string::npos);
  }
}

TEST(Durations, AreReadAsTheyAreShown) {
  for (const std::int64_t ms : {1, 999, 1000, 61'000, 3'600'000, 90'061'001}) {
    const auto text = duration_text(milliseconds(ms));
    EXPECT_EQ(parse_duration(text, milliseconds(1))->count(), ms) << text;
  }
  EXPECT_EQ(duration_text(milliseconds(90'000)), "1m30s");
  EXPECT_EQ(duration_text(milliseconds(0)), "0s");
}

TEST(Durations, OfVariablesAreBounded) {
  std::string value;
  const Environment env = [&](const char*) -> std::optional<std::string> {
    return value.empty() ? std::nullopt : std::optional(value);
  };
  const auto read = [&] { return duration_from_env(env, "LIMIT", milliseconds(1)); };
  EXPECT_FALSE(read()->has_value());
  value = "250";
  EXPECT_EQ(**read(), milliseconds(250));
  value = "2s";
  EXPECT_EQ(**read(), milliseconds(2000));
  for (const auto* bad : {"0", "soon", "25h"}) {
    value = bad;
    ASSERT_FALSE(read()) << bad;
    EXPECT_EQ(read().error().message, "LIMIT is '" + value + "'");
    EXPECT_EQ(read().error().remedy, "1ms to 1d; a bare number has the unit ms");
  }
}

}  // namespace
}  // namespace trellis::cli
