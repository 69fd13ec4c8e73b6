#include "identity/validation.hpp"

#include <gtest/gtest.h>

#include "identity/test_keys.hpp"
#include "identity/test_tokens.hpp"

namespace trellis::identity {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

WallTime at(std::int64_t second, int milli = 0) {
  return WallTime(seconds(second)) + milliseconds(milli);
}

Envelope dated(std::optional<std::uint64_t> exp, std::optional<std::uint64_t> nbf) {
  Envelope e;
  e.exp = exp;
  e.nbf = nbf;
  return e;
}

TEST(Dates, ExpiryIsTheStartOfItsSecond) {
  const auto e = dated(1000, std::nullopt);
  EXPECT_FALSE(is_expired(e, at(999, 999)));
  EXPECT_FALSE(is_expired(e, at(1000)));
  EXPECT_TRUE(is_expired(e, at(1000, 1)));
  EXPECT_FALSE(is_expired(dated(std::nullopt, std::nullopt), at(1000)));
  EXPECT_FALSE(is_expired(e, at(-5)));
}

TEST(Dates, NotBeforeIsTheStartOfItsSecond) {
  const auto e = dated(std::nullopt, 1000);
  EXPECT_TRUE(is_too_early(e, at(999, 999)));
  EXPECT_FALSE(is_too_early(e, at(1000)));
  EXPECT_TRUE(is_too_early(e, at(-5)));
}

TEST(Dates, ValuesBeyondAnyCalendar) {
  const auto e = dated(UINT64_MAX, UINT64_MAX);
  EXPECT_FALSE(is_expired(e, at(1'700'000'000)));
  EXPECT_TRUE(is_too_early(e, at(1'700'000'000)));
  EXPECT_EQ(expires_text(e, at(1'700'000'000)), "in 584942417301 years");
  EXPECT_FALSE(expires_text(e, at(-1'700'000'000)).empty());
}

TEST(Dates, FixedWords) {
  const auto e = dated(std::nullopt, std::nullopt);
  EXPECT_EQ(expires_text(e, at(0)), "never");
  EXPECT_EQ(not_before_text(e, at(0)), "immediately");
}

TEST(RelativeText, FirstPartySamples) {
  EXPECT_EQ(relative_text(101000, at(100000)), "in 16 minutes");
  EXPECT_EQ(relative_text(70000, at(100000)), "8 hours ago");
}

TEST(RelativeText, EveryThreshold) {
  constexpr std::uint64_t day = 86400;
  const struct {
    std::uint64_t distance;
    const char* text;
  } rows[] = {
      {0, "now"},
      {10, "now"},
      {11, "in 11 seconds"},
      {45, "in 45 seconds"},
      {46, "in a minute"},
      {90, "in a minute"},
      {91, "in 2 minutes"},
      {2700, "in 45 minutes"},
      {2701, "in an hour"},
      {5400, "in an hour"},
      {5401, "in 2 hours"},
      {79200, "in 22 hours"},
      {79201, "in a day"},
      {129600, "in a day"},
      {129601, "in 2 days"},
      {561600, "in 6 days"},
      {561601, "in a week"},
      {907200, "in a week"},
      {907201, "in 2 weeks"},
      {29 * day, "in 4 weeks"},
      {29 * day + 1, "in a month"},
      {45 * day, "in a month"},
      {45 * day + 1, "in 2 months"},
      {345 * day, "in 11 months"},
      {345 * day + 1, "in a year"},
      {547 * day, "in a year"},
      {547 * day + 1, "in 2 years"},
      {3650 * day, "in 10 years"},
  };
  constexpr std::int64_t now = 1'000'000'000;
  for (const auto& row : rows) {
    EXPECT_EQ(relative_text(static_cast<std::uint64_t>(now) + row.distance, at(now)), row.text);
  }
  EXPECT_EQ(relative_text(now - 91, at(now)), "2 minutes ago");
}

TEST(RelativeText, CountsWholeSeconds) {
  EXPECT_EQ(relative_text(1012, at(1000, 500)), "in 11 seconds");
  EXPECT_EQ(relative_text(1000, at(1011, 500)), "11 seconds ago");
}

TEST(Validation, ChecksDoNotHideEachOther) {
  auto claims = decode_actor(test::t1.token)->claims;
  claims.exp = 1;
  claims.nbf = 4102444800;
  auto token = *sign_claims(claims, test::pair_of(test::account_seed));
  const auto both = validate(*decode_actor(token), at(1'700'000'000));
  EXPECT_TRUE(both.signature_valid);
  EXPECT_TRUE(both.expired);
  EXPECT_TRUE(both.cannot_use_yet);
  EXPECT_FALSE(both.usable());

  const auto middle = token.rfind('.') + 40;
  token[middle] = token[middle] == 'A' ? 'B' : 'A';
  const auto all = validate(*decode_actor(token), at(1'700'000'000));
  EXPECT_FALSE(all.signature_valid);
  EXPECT_TRUE(all.expired);
}

TEST(Validation, T1AndT2AreUsable) {
  for (const auto& worked : {test::t1, test::t2}) {
    const auto v = validate(*decode_actor(worked.token), at(1'700'000'000));
    EXPECT_TRUE(v.usable());
  }
}

}  // namespace
}  // namespace trellis::identity
