// Log lines that outsiders can cause at will: one for each reason and interval, the rest counted
// and told with the next.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.hpp"
#include "base/rate_limit.hpp"
#include "trellis/clock.hpp"

namespace trellis {

/// `Reason` is an enum whose last value is `count`. Formats have one place more than arguments, the
/// last: for " (3 more)", or nothing when no line was left out. No lock; any thread.
///
///   limited_log_.warn(LogReason::full, "lattice cache: {}{}", message);
template <class Reason>
class RateLimitedLog {
 public:
  /// `clock` outlives this. `unit`, a literal: what lines that were left out are called.
  RateLimitedLog(Log log, const Clock& clock, SteadyTime::duration interval,
                 std::string_view unit = "more")
      : log_(std::move(log)), clock_(clock), unit_(unit), limit_(interval) {}

  template <class... Args>
  void debug(Reason reason, fmt::format_string<Args..., std::string&> text, Args&&... args) {
    if (auto left_out = admit(reason)) log_.debug(text, std::forward<Args>(args)..., *left_out);
  }
  template <class... Args>
  void warn(Reason reason, fmt::format_string<Args..., std::string&> text, Args&&... args) {
    if (auto left_out = admit(reason)) log_.warn(text, std::forward<Args>(args)..., *left_out);
  }
  template <class... Args>
  void error(Reason reason, fmt::format_string<Args..., std::string&> text, Args&&... args) {
    if (auto left_out = admit(reason)) log_.error(text, std::forward<Args>(args)..., *left_out);
  }
  /// A record with named fields, whose text is taken as it is.
  void write(Reason reason, LogLevel level, std::string_view text,
             std::initializer_list<LogField> fields) {
    if (const auto left_out = admit(reason)) {
      log_.write(level, std::string(text) + *left_out, fields);
    }
  }

 private:
  [[nodiscard]] std::optional<std::string> admit(Reason reason) {
    const auto left_out = limit_.admit(reason, clock_.steady());
    if (!left_out) return std::nullopt;
    return *left_out == 0 ? std::string() : fmt::format(" ({} {})", *left_out, unit_);
  }

  const Log log_;
  const Clock& clock_;
  const std::string_view unit_;
  RateLimit<Reason, static_cast<std::size_t>(Reason::count)> limit_;
};

}  // namespace trellis
