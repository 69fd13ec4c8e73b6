// One line for what `trellis ctl watch` hears.
#pragma once

#include <string>

#include "trellis/client.hpp"
#include "trellis/clock.hpp"

namespace trellis::cli {

/// The event as text or as one JSON object, without a line end. Everything in it comes from
/// strangers: control characters are shown as '?', and a time no calendar has as its number.
[[nodiscard]] std::string event_line(const LatticeEventRecord& event, bool as_json);

/// The outcome of a command; `heard` because outcomes carry no time.
[[nodiscard]] std::string outcome_line(const OutcomeRecord& outcome, WallTime heard, bool as_json);

}  // namespace trellis::cli
