// Permissions of calls: the table of host.md 6.2 (with lattice.md 4.4) as one pure function.
#pragma once

#include <cstdint>
#include <string_view>

#include "host/call/call.hpp"

namespace trellis::host {

/// Where a call was made: by something that runs here, or on another host of the lattice.
enum class CallPlace : bool { here, lattice };

/// Everything the decision rests on. What does not apply to a call is left as it is.
struct CallFacts {
  CallPlace made = CallPlace::here;
  EntityKind origin = EntityKind::actor;
  EntityKind target = EntityKind::actor;

  // Origin, where it is an actor.
  bool origin_known = false;     ///< there are claims of it: verified, or stated by the lattice
  bool origin_expired = false;   ///< they are over
  bool origin_has_list = false;  ///< they have a capability list, which may be empty
  bool origin_lists_contract = false;  ///< the contract of the provider it calls is in the list

  // Target, where it is an actor.
  bool target_here = false;            ///< it runs here; elsewhere its own host decides
  bool target_expired = false;         ///< its claims are over
  bool target_lists_contract = false;  ///< the contract of the provider that calls is in its list
};

/// Choices of the operator (host.md 6.6).
struct CallPolicy {
  bool check_provider_to_actor = true;  ///< D1
  bool deny_unknown_origins = false;    ///< D2
};

/// The answer, with the reason. The caller of a denied call learns none of it (lattice.md 4.4).
enum class Verdict : std::uint8_t {
  allowed,
  origin_expired,
  origin_unknown,
  origin_has_no_list,
  origin_lacks_contract,
  provider_not_listed,
  system_to_provider,
  provider_to_provider,
  target_expired,
};

/// Rows in the order of the specification. Pure; any thread.
[[nodiscard]] Verdict authorize(const CallFacts& facts, const CallPolicy& policy) noexcept;

/// Whether the host may tell a provider of an actor (BindActor; host.md 6.2, last row, and 9.2).
[[nodiscard]] constexpr bool may_bind(bool actor_lists_contract,
                                      const CallPolicy& policy) noexcept {
  return actor_lists_contract || !policy.check_provider_to_actor;
}

/// Reason of a denial, for the log.
[[nodiscard]] std::string_view reason_of(Verdict verdict) noexcept;

}  // namespace trellis::host
