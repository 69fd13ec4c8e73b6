#include "host/call/authorization.hpp"

namespace trellis::host {
namespace {

/// Claims that are known, of an actor that calls: rows "actor → provider", "actor → actor" and
/// "inbound, origin actor known", which ask for the same.
Verdict by_claims(const CallFacts& facts) noexcept {
  if (facts.origin_expired) return Verdict::origin_expired;
  if (facts.target == EntityKind::provider) {
    return facts.origin_lists_contract ? Verdict::allowed : Verdict::origin_lacks_contract;
  }
  return facts.origin_has_list ? Verdict::allowed : Verdict::origin_has_no_list;
}

/// An actor whose claims nobody here has seen. One that runs here always has some.
Verdict by_unknown(const CallFacts& facts, const CallPolicy& policy) noexcept {
  const bool allowed = facts.made == CallPlace::lattice && !policy.deny_unknown_origins;
  return allowed ? Verdict::allowed : Verdict::origin_unknown;
}

// Providers call actors only. The list of a target elsewhere is left to its own host, which has the
// verified claims (D1).
Verdict by_provider(const CallFacts& facts, const CallPolicy& policy) noexcept {
  if (facts.target == EntityKind::provider) return Verdict::provider_to_provider;
  const bool checked = policy.check_provider_to_actor && facts.target_here;
  return checked && !facts.target_lists_contract ? Verdict::provider_not_listed : Verdict::allowed;
}

// System is a host's own API, or a client of the control interface: it may call actors from
// anywhere, but a provider only from inside, where it binds. From the lattice that would be a way
// to reconfigure providers, and no first-party part sends it (lattice.md 4.6, 4.7).
Verdict by_system(const CallFacts& facts) noexcept {
  const bool refused = facts.target == EntityKind::provider && facts.made == CallPlace::lattice;
  return refused ? Verdict::system_to_provider : Verdict::allowed;
}

Verdict by_origin(const CallFacts& facts, const CallPolicy& policy) noexcept {
  switch (facts.origin) {
    case EntityKind::actor:
      return facts.origin_known ? by_claims(facts) : by_unknown(facts, policy);
    case EntityKind::provider: return by_provider(facts, policy);
    case EntityKind::system: return by_system(facts);
  }
  // Values outside the enumeration are denied, like everything that is not known.
  return Verdict::origin_unknown;
}

}  // namespace

Verdict authorize(const CallFacts& facts, const CallPolicy& policy) noexcept {
  const auto verdict = by_origin(facts, policy);
  if (verdict != Verdict::allowed) return verdict;
  // "Expiry at call time": nobody reaches an actor whose claims are over.
  return facts.target_here && facts.target_expired ? Verdict::target_expired : Verdict::allowed;
}

std::string_view reason_of(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::allowed: return "allowed";
    case Verdict::origin_expired: return "the caller's claims have expired";
    case Verdict::origin_unknown: return "the claims of the caller are not known here";
    case Verdict::origin_has_no_list: return "the caller's claims have no capability list";
    case Verdict::origin_lacks_contract: return "the caller's claims do not list the contract";
    case Verdict::provider_not_listed:
      return "the actor's claims do not list the provider's contract";
    case Verdict::system_to_provider: return "system may not call a provider over the lattice";
    case Verdict::provider_to_provider: return "a provider may call actors only";
    case Verdict::target_expired: return "the claims of the target have expired";
  }
  return "not allowed";
}

}  // namespace trellis::host
