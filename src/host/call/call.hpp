// A call as it travels through a host: who calls whom, with what, and on which chain.
#pragma once

#include <string_view>

#include "base/call_context.hpp"
#include "codec/messages/core.hpp"
#include "trellis/bytes.hpp"

namespace trellis::host {

enum class EntityKind { actor, provider, system };

/// One end of a call. What it refers to outlives the call.
struct EntityRef {
  std::string_view key;  ///< public key, or "system" for the host itself and its API
  /// Providers have both, nobody else has either: that tells them apart.
  std::string_view contract_id = {};
  std::string_view link_name = {};

  [[nodiscard]] bool is_provider() const noexcept { return !contract_id.empty(); }
  [[nodiscard]] bool is_system() const noexcept {
    return !is_provider() && key == codec::core::system_actor;
  }
  [[nodiscard]] EntityKind kind() const noexcept {
    return is_provider() ? EntityKind::provider
           : is_system() ? EntityKind::system
                         : EntityKind::actor;
  }
};

/// Lives on the stack of whoever makes the call; a value of views. Not kept beyond the answer.
struct Call {
  EntityRef origin;
  EntityRef target;
  std::string_view operation;
  ByteView payload;
  const CallContext& context;  ///< of the caller: the chain so far, and the deadline
};

}  // namespace trellis::host
