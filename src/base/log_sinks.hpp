// Log sinks for people (text) and for machines (JSON lines), to stderr or a file.
#pragma once

#include <filesystem>
#include <memory>

#include "base/log_filter.hpp"
#include "trellis/clock.hpp"
#include "trellis/log.hpp"
#include "trellis/result.hpp"

namespace trellis {

enum class LogFormat {
  text,  ///< 2026-01-31T08:15:00.123Z info  actor: started key=MB… name="two words"
  json,  ///< {"time":"…","level":"info","target":"actor","text":"started","fields":{"key":"MB…"}}
};

enum class LogColour { automatic, never };  ///< automatic: on a terminal that can

struct LogSinkOptions {
  LogFormat format = LogFormat::text;
  LogFilter filter;
  /// Appended to, and made with its folder when missing. Empty means stderr.
  std::filesystem::path file;
  LogColour colour = LogColour::automatic;
  bool local_time = false;  ///< of text: 2026-01-31T09:15:00.123+01:00
};

/// Makes a sink. Fields come in pairs where a name is known ("actor" with a key, "actor_name"):
/// text then says "kvcounter (MD2VGNEC)" for the key, JSON has all as it is. Each record is one
/// line, written at once and in UTC unless told otherwise. Control characters are escaped, bytes
/// that are no UTF-8 replaced. Records that cannot be written (disk full) are lost, never thrown.
/// Fails with unavailable when the file cannot be opened.
[[nodiscard]] Result<std::shared_ptr<LogSink>> make_log_sink(LogSinkOptions options,
                                                             std::shared_ptr<const Clock> clock);

}  // namespace trellis
