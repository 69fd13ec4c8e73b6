#include "cli/durations.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "base/text.hpp"

namespace trellis::cli {
namespace {

using std::chrono::milliseconds;

// A leap year: longer is a mistake, and sums of it fit any clock.
constexpr milliseconds longest = std::chrono::hours(24 * 366);

struct TimeUnit {
  std::string_view name;
  milliseconds length;
};
/// Longest first, for duration_text(); "ms" is found before "m" by comparing whole names.
constexpr std::array units = {
    TimeUnit{"d", std::chrono::hours(24)}, TimeUnit{"h", std::chrono::hours(1)},
    TimeUnit{"m", std::chrono::minutes(1)}, TimeUnit{"s", std::chrono::seconds(1)},
    TimeUnit{"ms", milliseconds(1)}};

std::unexpected<Error> not_a_duration(std::string_view text) {
  return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no length of time", excerpt(text)),
              "a number and ms, s, m, h or d: 500ms, 2s, 1m30s");
}

}  // namespace

Result<milliseconds> parse_duration(std::string_view text, milliseconds bare_unit) {
  double total = 0;
  auto rest = text;
  if (rest.empty()) return not_a_duration(text);
  while (!rest.empty()) {
    double number = 0;
    const auto [end, problem] =
        std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    // Written so that NaN, which is not less than zero either, is refused.
    if (problem != std::errc() || !(number >= 0)) return not_a_duration(text);
    const bool first = rest.size() == text.size();
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const auto name = rest.substr(0, rest.find_first_of("0123456789."));
    auto unit = milliseconds(0);
    // Bare numbers only alone: in "1m30" the last one could be anything.
    if (name.empty() && rest.empty() && first) unit = bare_unit;
    for (const auto& each : units) {
      if (each.name == name) unit = each.length;
    }
    if (unit.count() == 0) return not_a_duration(text);
    rest.remove_prefix(name.size());
    total += number * static_cast<double>(unit.count());
    if (total > static_cast<double>(longest.count())) return not_a_duration(text);
  }
  // Rounded: 0.1s is not exact as a double.
  return milliseconds(static_cast<milliseconds::rep>(total + 0.5));
}

std::string duration_text(milliseconds time) {
  if (time.count() <= 0) return "0s";
  std::string made;
  for (const auto& unit : units) {
    const auto count = time / unit.length;
    if (count > 0) made += fmt::format("{}{}", count, unit.name);
    time -= count * unit.length;
  }
  return made;
}

// One unit is enough for an age; people compare them, they do not compute.
std::string age_text(milliseconds age) {
  for (const auto& unit : units) {
    if (unit.length >= std::chrono::seconds(1) && age >= unit.length) {
      return fmt::format("{}{}", age / unit.length, unit.name);
    }
  }
  return "0s";
}

Result<std::optional<milliseconds>> duration_from_env(const Environment& env, const char* variable,
                                                      milliseconds bare_unit,
                                                      DurationBounds bounds) {
  const auto text = env(variable);
  if (!text) return std::optional<milliseconds>();
  const auto time = parse_duration(*text, bare_unit);
  if (time && *time >= bounds.least && *time <= bounds.most) return std::optional(*time);
  return fail(ErrorCode::invalid_argument, fmt::format("{} is '{}'", variable, excerpt(*text)),
              fmt::format("{} to {}; a bare number has the unit {}", duration_text(bounds.least),
                          // Unit without its number: "1s" is "s".
                          duration_text(bounds.most), duration_text(bare_unit).substr(1)));
}

Option& add_duration(Command& leaf, const std::string& names, milliseconds& into,
                     milliseconds bare_unit, const std::string& help, DurationBounds bounds) {
  auto& option = leaf.add_option(
      names,
      [&into, bare_unit](const std::string& text) {
        into = parse_duration(text, bare_unit).value_or(into);
      },
      help);
  option.value_name("TIME");
  option.check(
      [bare_unit, bounds](const std::string& text) -> std::string {
        const auto time = parse_duration(text, bare_unit);
        if (!time) return time.error().message + "; " + time.error().remedy;
        if (*time >= bounds.least && *time <= bounds.most) return {};
        return fmt::format("'{}' is not between {} and {}", excerpt(text),
                           duration_text(bounds.least), duration_text(bounds.most));
      },
      "");
  return option;
}

}  // namespace trellis::cli
