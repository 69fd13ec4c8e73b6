// Where log records go. The host is given one sink by its builder; nothing is global.
#pragma once

#include <span>
#include <string_view>

namespace trellis {

enum class LogLevel { trace, debug, info, warn, error, off };

[[nodiscard]] std::string_view to_string(LogLevel level) noexcept;

/// One named value that belongs to a record ("actor" -> "MB…").
struct LogField {
  std::string_view name;
  std::string_view value;
};

struct LogRecord {
  LogLevel level = LogLevel::info;
  std::string_view target;  ///< the part of the host that speaks: "host", "actor", "provider", …
  std::string_view text;    ///< one line; sinks escape control characters
  std::span<const LogField> fields;
  /// What lines like this one have in common (the text before values were put in), for limits and
  /// statistics; empty where the text is somebody else's.
  std::string_view kind{};
  /// Who caused it, where that is not the value of the first field; for limits.
  std::string_view source{};
};

/// Receives log records. Implementations are called from any thread, also concurrently, must not
/// throw and must not call back into the host.
class LogSink {
 public:
  virtual ~LogSink() = default;
  [[nodiscard]] virtual bool enabled(LogLevel level, std::string_view target) const noexcept = 0;
  virtual void write(const LogRecord& record) noexcept = 0;
};

}  // namespace trellis
