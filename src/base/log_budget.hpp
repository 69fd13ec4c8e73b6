// Lines that outsiders can cause must not fill a disk: they are limited per source and kind, before
// any sink sees them.
#pragma once

#include <memory>

#include "trellis/clock.hpp"
#include "trellis/log.hpp"

namespace trellis {

/// Puts budgets in front of a sink. Two of them apply to each line:
///
/// * of its source and kind: the source is LogRecord::source or the value of the first field (the
///   actor, the provider, the caller that was refused), the kind is LogRecord::kind, or what speaks
///   where that is empty;
/// * of its kind, whoever caused it.
///
/// Each allows a burst and then so many lines a second; long lines count as several, and text
/// beyond limits::log_line_bytes is cut. Lines that are left out are counted, and said in one line
/// when there is room again. Any thread. Must not be used as the sink of itself.
[[nodiscard]] std::shared_ptr<LogSink> make_log_budget(std::shared_ptr<LogSink> sink,
                                                       std::shared_ptr<const Clock> clock);

}  // namespace trellis
