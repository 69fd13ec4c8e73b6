// Log records about actors and providers: the text has whole keys, fields beside it have the names,
// so that sinks for people can say "kvcounter (MD2VGNEC)" (base/log_sinks.hpp).
#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <string_view>
#include <utility>

#include "base/log.hpp"

namespace trellis::host {

/// Writes a record of the host. `names` are pairs of fields: "actor" with a key, "actor_name" with
/// its name, and so on; the first says who caused it. Any thread.
template <class... Args>
void log_named(const Log& log, LogLevel level, std::initializer_list<LogField> names,
               fmt::format_string<Args...> text, Args&&... args) {
  constexpr std::string_view target = "host";
  const auto& sink = log.sink();
  if (!sink || !sink->enabled(level, target)) return;
  const fmt::string_view kind = text;
  sink->write({level,
               target,
               fmt::format(text, std::forward<Args>(args)...),
               {names.begin(), names.size()},
               {kind.data(), kind.size()},
               {}});
}

}  // namespace trellis::host
