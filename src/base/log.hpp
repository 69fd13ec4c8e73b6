// A cheap handle for writing log records with fmt-style formatting.
#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>

#include "trellis/log.hpp"

namespace trellis {

/// Value handle: a shared sink and the name of the part that speaks. Copy it freely; any thread.
/// An empty handle drops everything.
class Log {
 public:
  Log() = default;
  Log(std::shared_ptr<LogSink> sink, std::string_view target)
      : sink_(std::move(sink)), target_(target) {}

  /// This sink under another name. `target` must be a literal (it is not copied).
  [[nodiscard]] Log with_target(std::string_view target) const { return {sink_, target}; }
  [[nodiscard]] const std::shared_ptr<LogSink>& sink() const noexcept { return sink_; }

  template <class... Args>
  void debug(fmt::format_string<Args...> text, Args&&... args) const {
    put(LogLevel::debug, text, std::forward<Args>(args)...);
  }
  template <class... Args>
  void info(fmt::format_string<Args...> text, Args&&... args) const {
    put(LogLevel::info, text, std::forward<Args>(args)...);
  }
  template <class... Args>
  void warn(fmt::format_string<Args...> text, Args&&... args) const {
    put(LogLevel::warn, text, std::forward<Args>(args)...);
  }
  template <class... Args>
  void error(fmt::format_string<Args...> text, Args&&... args) const {
    put(LogLevel::error, text, std::forward<Args>(args)...);
  }

  /// A record with named fields; `text` is taken as it is, and may be anybody's.
  /// `source` is who caused it, where that is not the first field.
  void write(LogLevel level, std::string_view text, std::initializer_list<LogField> fields,
             std::string_view source = {}) const noexcept;
  /// A record of our own text with named fields, of which the first says who caused it.
  void event(LogLevel level, std::string_view text,
             std::initializer_list<LogField> fields) const noexcept;

 private:
  template <class... Args>
  void put(LogLevel level, fmt::format_string<Args...> text, Args&&... args) const {
    if (!sink_ || !sink_->enabled(level, target_)) return;
    const fmt::string_view kind = text;
    sink_->write({level,
                  target_,
                  fmt::format(text, std::forward<Args>(args)...),
                  {},
                  {kind.data(), kind.size()},
                  {}});
  }

  std::shared_ptr<LogSink> sink_;
  std::string_view target_;
};

}  // namespace trellis
