#include "identity/validation.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace trellis::identity {
namespace {

/// A moment as whole seconds since 1970 (rounded down) and whether anything is left over.
struct Moment {
  std::int64_t second;
  bool has_fraction;
};

Moment moment_of(WallTime now) noexcept {
  const auto whole = std::chrono::floor<std::chrono::seconds>(now);
  return {whole.time_since_epoch().count(), whole != now};
}

/// Whether `now` is behind the very start of that second.
bool is_later(WallTime now, std::uint64_t second) noexcept {
  const auto at = moment_of(now);
  if (at.second < 0) return false;
  const auto have = static_cast<std::uint64_t>(at.second);
  return have > second || (have == second && at.has_fraction);
}

/// Whether that second has not begun.
bool is_earlier(WallTime now, std::uint64_t second) noexcept {
  const auto at = moment_of(now);
  return at.second < 0 || static_cast<std::uint64_t>(at.second) < second;
}

constexpr std::uint64_t minute = 60;
constexpr std::uint64_t hour = 60 * minute;
constexpr std::uint64_t day = 24 * hour;

/// From more than `above` seconds on: one = a fixed word, or a count of `unit` (at least two).
struct Step {
  std::uint64_t above;
  std::uint64_t unit;
  std::string_view words;
  bool counted;
};
// Steps of identity.md 2.5, the largest first; what is counted is at least two.
constexpr std::array<Step, 13> steps{{
    {547 * day, 365 * day, "years", true},
    {345 * day, 0, "a year", false},
    {45 * day, 30 * day, "months", true},
    {29 * day, 0, "a month", false},
    {10 * day + 12 * hour, 7 * day, "weeks", true},
    {6 * day + 12 * hour, 0, "a week", false},
    {36 * hour, day, "days", true},
    {22 * hour, 0, "a day", false},
    {90 * minute, hour, "hours", true},
    {45 * minute, 0, "an hour", false},
    {90, minute, "minutes", true},
    {45, 0, "a minute", false},
    {10, 1, "seconds", true},
}};

/// Words for a time span; empty for one of a few seconds.
std::string amount(std::uint64_t seconds) {
  for (const auto& step : steps) {
    if (seconds <= step.above) continue;
    if (!step.counted) return std::string(step.words);
    const auto count = seconds / step.unit;
    return std::to_string(count < 2 ? 2 : count) + " " + std::string(step.words);
  }
  return {};
}

/// Whole seconds between the start of `second` and `now`, without sign.
std::uint64_t distance(std::uint64_t second, WallTime now) noexcept {
  const auto at = moment_of(now);
  if (at.second < 0) {
    // Clocks before 1970 occur on devices without a battery; the sum must not wrap.
    const auto before_1970 = static_cast<std::uint64_t>(-(at.second + 1)) + 1;
    return second > UINT64_MAX - before_1970 ? UINT64_MAX : second + before_1970;
  }
  const auto have = static_cast<std::uint64_t>(at.second);
  if (have >= second) return have - second;
  return second - have - (at.has_fraction ? 1 : 0);
}

}  // namespace

bool is_expired(const Envelope& claims, WallTime now) noexcept {
  // Token is good at the very start of second `exp`, and over a moment later (identity.md 2.5).
  return claims.exp && is_later(now, *claims.exp);
}
bool is_too_early(const Envelope& claims, WallTime now) noexcept {
  return claims.nbf && is_earlier(now, *claims.nbf);
}

std::string expires_text(const Envelope& claims, WallTime now) {
  return claims.exp ? relative_text(*claims.exp, now) : "never";
}
std::string not_before_text(const Envelope& claims, WallTime now) {
  return claims.nbf ? relative_text(*claims.nbf, now) : "immediately";
}

std::string relative_text(std::uint64_t second, WallTime now) {
  const auto words = amount(distance(second, now));
  if (words.empty()) return "now";
  return is_later(now, second) ? words + " ago" : "in " + words;
}

}  // namespace trellis::identity
