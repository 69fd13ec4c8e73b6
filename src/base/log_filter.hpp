// Which log records are wanted: a level for all, and levels for some targets.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trellis/log.hpp"
#include "trellis/result.hpp"

namespace trellis {

/// Value; immutable once made, so any thread may ask.
class LogFilter {
 public:
  /// Everything at `level` and above.
  explicit LogFilter(LogLevel level) noexcept : level_(level) {}
  LogFilter() noexcept = default;  ///< info

  /// Reads "info", "info,actor=debug" or "actor=debug,provider=off" (the rest stays at info). A
  /// target also covers what is below it: "provider" covers "provider.http". The longest matching
  /// target wins. Fails with invalid_argument for unknown levels and malformed parts.
  [[nodiscard]] static Result<LogFilter> parse(std::string_view text);

  [[nodiscard]] bool enabled(LogLevel level, std::string_view target) const noexcept;

 private:
  LogLevel level_ = LogLevel::info;
  std::vector<std::pair<std::string, LogLevel>> targets_;  ///< longest first
};

/// "trace", "debug", "info", "warn" ("warning"), "error", "off" in any letter case.
[[nodiscard]] Result<LogLevel> parse_log_level(std::string_view text);

}  // namespace trellis
