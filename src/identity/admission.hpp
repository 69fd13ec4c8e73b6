// Admission of what may run here: the checks between bytes from outside and claims that the host
// acts on (identity.md 5.1 rows 1-9, 5.2, 5.4, 5.5). Free functions without state; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "identity/claims.hpp"
#include "trellis/bytes.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"

namespace trellis::identity {

struct AdmissionPolicy {
  /// Public keys of accounts whose artifacts may run; empty = any (identity.md 2.6).
  std::vector<std::string> allowed_issuers;
};

/// Claims this host has verified itself against the bytes they came with.
struct VerifiedActor {
  ActorClaims claims;
  std::string token;
};

/// Rows 1-9 of identity.md 5.1, in that order; the first that fails is the error. Messages are
/// those of host.md 7.2 where it has one; the remedy says when dates hold.
[[nodiscard]] Result<VerifiedActor> verify_actor_module(ByteView module,
                                                        const AdmissionPolicy& policy,
                                                        WallTime now);

struct VerifiedProvider {
  ProviderClaims claims;
  std::string token;
};

/// The rows of identity.md 5.2 that concern the token: well-formed, dates, signature, types of
/// both keys, issuer list. Libraries and their hashes are the archive's matter.
[[nodiscard]] Result<VerifiedProvider> verify_provider_claims(std::string_view token,
                                                              const AdmissionPolicy& policy,
                                                              WallTime now);

/// Rows 3-5 of identity.md 5.5 and D8: whether a verified module may take the place of a running
/// one. `strict` refuses changed capabilities; without it compare with same_capabilities() and
/// warn. `same_issuer_required` is D8, on by default in the host.
[[nodiscard]] Result<void> check_update(const ActorClaims& running, const ActorClaims& next,
                                        bool strict, bool same_issuer_required);

/// Whether the capabilities are the same, in any order, each as often; not set counts as none.
[[nodiscard]] bool same_capabilities(const ActorClaims& a, const ActorClaims& b);

/// Whether an actor may call a contract, or be called by its provider (D1).
enum class Capability {
  granted,
  missing,  ///< "does not have required claims"
  not_set,  ///< no capability list at all: the actor may call nothing, not even actors (5.4)
};
[[nodiscard]] Capability has_capability(const ActorClaims& claims, std::string_view contract);

}  // namespace trellis::identity
