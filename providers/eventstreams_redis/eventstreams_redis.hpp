// wasmcloud:eventstreams on Redis Streams (contracts.md 3.7).
//
// WriteEvent appends (XADD), QueryStream reads a range (XRANGE). What Redis refuses is told in the
// acknowledgement; that it cannot be reached is an error. Beyond the first-party provider, which
// never sends it: DeliverEvent, for the streams in SUBSCRIBE. Bytes that are not UTF-8 are U+FFFD.
//
// Link values, all optional: those of providers/redis/links.hpp, SHARED and NAMESPACE as in
// providers/common/key_space.hpp (what stream names begin with in Redis), and
//   MAX_LENGTH      events kept of a stream this link writes to, about (default: all)
//   SUBSCRIBE       streams whose new events are delivered to the actor, separated by commas
//   GROUP           name of a consumer group: links with the same one share the events, on however
//                   many hosts, and an event is delivered again until an actor has taken it.
//                   Without it every link gets every event, once, from when it was made.
//   RETRY_MS        with GROUP: after how long an event that was not taken is delivered again
//                   (100-3600000, default 30000)
//   MAX_DELIVERIES  with GROUP: after how many an event is given up, and logged (1-1000, default 5)
#pragma once

#include "trellis/provider.h"

namespace trellis::providers::eventstreams_redis {

[[nodiscard]] const trellis_provider_table* table() noexcept;

}  // namespace trellis::providers::eventstreams_redis
