// Refusals: what an error answer says of the server rather than of the command (contracts.md 3.11).
// All these answers come before anything was done. Any thread; functions are pure.
#pragma once

#include <cstdint>

#include "providers/redis/reply.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::redis {

enum class Refusal : std::uint8_t {
  none,       ///< about the command: for who asked
  replica,    ///< READONLY: behind the address is no master any more
  not_ready,  ///< LOADING, MASTERDOWN, CLUSTERDOWN, TRYAGAIN, BUSY: it will be
  login,      ///< NOAUTH, WRONGPASS: nobody is logged in on this connection any more
  elsewhere,  ///< MOVED, ASK, CROSSSLOT: a node of a cluster, which has other keys
  forbidden   ///< NOPERM: the user may not do this
};

[[nodiscard]] Refusal refusal_of(const Reply& reply) noexcept;

/// Whether another connection may meet another server, or one that is ready.
[[nodiscard]] bool retires_connection(Refusal refusal) noexcept;

/// The refusal as a user can act on it. Errors: unavailable, denied, unsupported.
[[nodiscard]] std::unexpected<Error> refused(Refusal refusal, const Reply& reply);

}  // namespace trellis::providers::redis
