// wasmcloud:keyvalue over a Redis server (contracts.md 3.3).
//
// All fourteen operations. `expires` of Set is in seconds, never when not positive. Keys of another
// type, and values that are not text, are errors. Adding beyond 32 bits is an error, and taken
// back.
//
// Link values, all optional: those of providers/redis/links.hpp, and
//   MAX_VALUE_BYTES  of one key, value or element that is written   (default 1048576)
//   SHARED           true (default): keys as they are; false: each begins with the actor's key and
//                    a colon
//   NAMESPACE        keys begin with this name and a colon; not with SHARED=false
// A link is made when the server answers, and an error until then; servers that go away later are
// found again by the calls. Prefixes keep actors apart that mean well: one with another link to the
// same database reaches everything in it.
#pragma once

#include "trellis/provider.h"

namespace trellis::providers::keyvalue_redis {

[[nodiscard]] const trellis_provider_table* table() noexcept;

}  // namespace trellis::providers::keyvalue_redis
