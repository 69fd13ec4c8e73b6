// wasmcloud:logging (contracts.md 3.5): actors write to the log of the host.
#pragma once

#include "trellis/provider.h"

namespace trellis::providers::logging {

/// No link values. A record is `[<actor key>] <text>` with the target the actor gave. An unknown
/// level is an error to the actor, and its text is logged as info all the same.
[[nodiscard]] const trellis_provider_table* table() noexcept;

}  // namespace trellis::providers::logging
