// wasmcloud:keyvalue in the memory of the host (contracts.md 3.3).
//
// All fourteen operations with the semantics of Redis: ranges inclusive at both ends, Push at the
// front, `newCount` of ListItemDelete the number removed, numbers readable with Get. `expires` of
// Set is in seconds, never when not positive. Nothing survives the process.
//
// Link values, all optional:
//   SHARED           true (default): one key space for all actors, like one Redis; false: one that
//                    belongs to the actor alone
//   NAMESPACE        the name of another shared key space; not with SHARED=false
//   MAX_KEYS         keys of the space               (default 1000000)
//   MAX_VALUE_BYTES  of one key, value or element    (default 1048576)
//   MAX_TOTAL_BYTES  of the space, with overhead     (default 268435456)
// The bounds hold for writes over this link. A space lives as long as the provider instance, so an
// actor finds its keys again when a link is removed and made anew.
#pragma once

#include "trellis/provider.h"

namespace trellis::providers::keyvalue {

[[nodiscard]] const trellis_provider_table* table() noexcept;

}  // namespace trellis::providers::keyvalue
