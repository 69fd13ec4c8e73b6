// wasmcloud:httpserver (contracts.md 3.1): an HTTP server for each linked actor.
#pragma once

#include "trellis/provider.h"

namespace trellis::providers::httpserver {

/// One server per linked actor on the addresses of its link (docs/httpserver.md lists the link
/// values). Each request is dispatched to the actor as HandleRequest on the I/O thread that read
/// it.
[[nodiscard]] const trellis_provider_table* table() noexcept;

}  // namespace trellis::providers::httpserver
