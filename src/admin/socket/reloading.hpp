// The requests that put a manifest in place: `reload` and `apply`.
#pragma once

#include "admin/socket/protocol.hpp"
#include "apply/reload.hpp"

namespace trellis::admin {

/// Checks the request, has it done, and gives the report. Any thread; one at a time is done, others
/// wait.
[[nodiscard]] Outcome serve_reload(apply::Reloader& reloader, const Request& request);

}  // namespace trellis::admin
