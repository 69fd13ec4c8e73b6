// wasmcloud:telnet (contracts.md 3.9): people with terminals speak with actors.
#pragma once

#include "trellis/provider.h"

namespace trellis::providers::telnet {

/// A telnet server for each linked actor on the addresses of its link (docs/providers.md lists the
/// link values). SessionStarted and ReceiveText are dispatched on the I/O thread that read the
/// session; SendText may come from any thread.
[[nodiscard]] const trellis_provider_table* table() noexcept;

}  // namespace trellis::providers::telnet
