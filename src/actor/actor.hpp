// A loaded actor: verified claims, one compiled module, a pool of instances.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actor/pool.hpp"
#include "base/call_context.hpp"
#include "base/log.hpp"
#include "identity/claims.hpp"
#include "identity/validation.hpp"
#include "trellis/host_types.hpp"
#include "wapc/guest.hpp"

namespace trellis::actor {

/// Everything an actor is made from. The claims were verified by the caller (identity.md 5.1).
struct Parts {
  EntityId id = 0;
  identity::ActorClaims claims;
  ActorIdentity identity;  ///< the same for users of the host
  std::shared_ptr<const wapc::GuestModule> module;
  PoolLimits pool;
  ActorOptions options;  ///< as given at start; a live update keeps them
  std::chrono::milliseconds call_timeout{0};
  WallTime started;
};

/// One version of an actor. Immutable but for its pool; a live update makes a new one.
/// Any thread; call() only where guests may be entered (a GuestThread).
class Actor {
 public:
  /// Instantiates up to the pool's minimum, so a module that cannot start fails here.
  [[nodiscard]] static Result<std::shared_ptr<Actor>> create(Parts parts, WaitGraph& graph,
                                                             Log log);

  [[nodiscard]] EntityId id() const noexcept { return parts_.id; }
  [[nodiscard]] const std::string& key() const noexcept { return parts_.identity.key; }
  [[nodiscard]] const ActorIdentity& identity() const noexcept { return parts_.identity; }
  [[nodiscard]] const identity::ActorClaims& claims() const noexcept { return parts_.claims; }
  [[nodiscard]] const ActorOptions& options() const noexcept { return parts_.options; }
  [[nodiscard]] const std::shared_ptr<const wapc::GuestModule>& module() const noexcept {
    return parts_.module;
  }
  [[nodiscard]] WallTime started() const noexcept { return parts_.started; }
  [[nodiscard]] std::chrono::milliseconds call_timeout() const noexcept {
    return parts_.call_timeout;
  }

  /// Whether the claims list the contract. Without a list: no.
  [[nodiscard]] bool has_capability(std::string_view contract) const noexcept;
  [[nodiscard]] bool expired(const Clock& clock) const noexcept {
    return parts_.claims.exp && identity::is_expired(parts_.claims, clock.wall());
  }

  /// Runs one call on this thread. `caller` is the chain without this actor, `host_calls` what the
  /// guest sees of the host. Error texts as contracts.md 1.4.
  [[nodiscard]] Result<Bytes> call(const CallContext& caller, std::string_view operation,
                                   ByteView payload, wapc::HostCalls& host_calls);
  /// For health checks: nothing when no instance is idle right now.
  [[nodiscard]] Result<Bytes> call_if_idle(const CallContext& caller, std::string_view operation,
                                           ByteView payload, wapc::HostCalls& host_calls);

  [[nodiscard]] Pool& pool() noexcept { return *pool_; }
  [[nodiscard]] const Pool& pool() const noexcept { return *pool_; }

 private:
  Actor(Parts parts, WaitGraph& graph, Log log);
  [[nodiscard]] Result<Bytes> run(Pool::Lease& lease, const CallContext& caller,
                                  std::string_view operation, ByteView payload,
                                  wapc::HostCalls& host_calls);

  const Parts parts_;
  const Log log_;
  std::unique_ptr<Pool> pool_;
};

}  // namespace trellis::actor
