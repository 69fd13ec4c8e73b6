#include "base/log.hpp"

namespace trellis {

std::string_view to_string(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::trace: return "trace";
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warn: return "warn";
    case LogLevel::error: return "error";
    case LogLevel::off: return "off";
  }
  return "info";
}

void Log::write(LogLevel level, std::string_view text, std::initializer_list<LogField> fields,
                std::string_view source) const noexcept {
  if (!sink_ || !sink_->enabled(level, target_)) return;
  sink_->write({level, target_, text, {fields.begin(), fields.size()}, {}, source});
}

void Log::event(LogLevel level, std::string_view text,
                std::initializer_list<LogField> fields) const noexcept {
  if (!sink_ || !sink_->enabled(level, target_)) return;
  sink_->write({level, target_, text, {fields.begin(), fields.size()}, text, {}});
}

}  // namespace trellis
