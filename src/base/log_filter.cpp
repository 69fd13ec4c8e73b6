#include "base/log_filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/text.hpp"

namespace trellis {
namespace {

/// Whether a target is the prefix itself or below it.
bool covers(std::string_view prefix, std::string_view target) noexcept {
  return target.starts_with(prefix) &&
         (target.size() == prefix.size() || target[prefix.size()] == '.');
}

}  // namespace

Result<LogLevel> parse_log_level(std::string_view text) {
  const auto word = to_lower_ascii(trim(text));
  for (const auto level : {LogLevel::trace, LogLevel::debug, LogLevel::info, LogLevel::warn,
                           LogLevel::error, LogLevel::off}) {
    if (word == to_string(level)) return level;
  }
  if (word == "warning") return LogLevel::warn;
  return fail(ErrorCode::invalid_argument, fmt::format("'{}' is not a log level", word),
              "use trace, debug, info, warn, error or off; for one part: info,actor=debug");
}

Result<LogFilter> LogFilter::parse(std::string_view text) {
  LogFilter filter;
  for (const auto part : split(text, ',')) {
    const auto equals = part.find('=');
    const auto level = parse_log_level(equals == part.npos ? part : part.substr(equals + 1));
    if (!level) return pass(level);
    if (equals == part.npos) {
      filter.level_ = *level;
      continue;
    }
    const auto target = trim(part.substr(0, equals));
    if (target.empty()) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("log filter '{}' has no name before '='", part),
                  "write it as in info,actor=debug");
    }
    // Longest first; among equals the one written first stays first.
    const auto place = std::ranges::upper_bound(filter.targets_, target.size(), std::greater{},
                                                [](const auto& t) { return t.first.size(); });
    filter.targets_.emplace(place, target, *level);
  }
  return filter;
}

bool LogFilter::enabled(LogLevel level, std::string_view target) const noexcept {
  if (level == LogLevel::off) return false;
  for (const auto& [prefix, wanted] : targets_) {
    if (covers(prefix, target)) return level >= wanted;
  }
  return level >= level_;
}

}  // namespace trellis
