// The requests that put a manifest in place: `reload` and `apply`.
#pragma once

#include "apply/reload.hpp"
#include "control/protocol.hpp"

namespace trellis::control {

/// Checks the request, has it done, and gives the report. Any thread; one at a time is done, others
/// wait.
[[nodiscard]] Outcome serve_reload(apply::Reloader& reloader, const Request& request);

}  // namespace trellis::control
