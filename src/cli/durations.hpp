// Lengths of time on the command line: "2s", "500ms", "1m30s"; a bare number has the unit that the
// option always had.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "cli/folders.hpp"
#include "cli/options.hpp"
#include "trellis/result.hpp"

namespace trellis::cli {

/// Errors: invalid_argument, for what is no length of time, negative, or above a year.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text,
                                                               std::chrono::milliseconds bare_unit);
/// "500ms", "2s", "1m30s", "2h"; as parse_duration() reads it.
[[nodiscard]] std::string duration_text(std::chrono::milliseconds time);

/// An age as people say it, the largest unit that fits: "12s", "5m", "3h", "2d".
[[nodiscard]] std::string age_text(std::chrono::milliseconds age);

struct DurationBounds {
  std::chrono::milliseconds least{1};
  std::chrono::milliseconds most = std::chrono::hours(24);
};

/// The variable of that name; nothing when it is unset or empty. Errors name it.
[[nodiscard]] Result<std::optional<std::chrono::milliseconds>> duration_from_env(
    const Environment& env, const char* variable, std::chrono::milliseconds bare_unit,
    DurationBounds bounds = {});

/// An option whose value is a length of time. `into` outlives the command.
Option& add_duration(Command& leaf, const std::string& names, std::chrono::milliseconds& into,
                     std::chrono::milliseconds bare_unit, const std::string& help,
                     DurationBounds bounds = {});

}  // namespace trellis::cli
