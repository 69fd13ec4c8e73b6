// Tokens of calls: made when a call leaves a host, checked when one arrives (lattice.md 3).
#pragma once

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "identity/key_cache.hpp"
#include "identity/keys.hpp"
#include "lattice/replay_window.hpp"
#include "lattice/wire/invocation.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"

namespace trellis::lattice {

/// A complete invocation with a new id, signed by `key` (N…). Errors: invalid_argument for names
/// that are not ASCII (their URLs would be read differently elsewhere).
[[nodiscard]] Result<Invocation> sign_call(const Entity& origin, const Entity& target,
                                           std::string_view operation, ByteView msg,
                                           const identity::KeyPair& key, Random& random,
                                           const Clock& clock);

struct VerifierOptions {
  std::vector<std::string> allowed_hosts;  ///< issuers; empty: any
  std::chrono::seconds max_token_age{0};   ///< by `iat`; 0: any
  std::chrono::seconds replay_window{60};  ///< 0: off
  std::size_t replay_capacity = 100'000;
};

/// Any thread. A check costs one Ed25519 verification and little more.
class CallVerifier {
 public:
  CallVerifier(VerifierOptions options, std::shared_ptr<const Clock> clock, Random& random);

  /// The checks 0 to 13 of lattice.md 3.5 for a call that arrived where `served` is subscribed. The
  /// texts of errors go back to the caller. Codes: malformed (the token), deadline (too old, too
  /// early), already_exists (a replay), not_found (for somebody else), denied (all else).
  [[nodiscard]] Result<void> verify(const Invocation& call, const Entity& served) const;

 private:
  [[nodiscard]] Result<void> check_policy(const Invocation& call, std::uint64_t issued) const;

  const VerifierOptions options_;
  const std::set<std::string, std::less<>> allowed_;
  const std::shared_ptr<const Clock> clock_;
  mutable ReplayWindow replays_;
  mutable identity::KeyCache issuers_;
};

/// The checks 0 to 8 alone: what a first-party host would say of a call (lattice.md 3.5).
[[nodiscard]] Result<void> check_anti_forgery(const Invocation& call, WallTime now);

}  // namespace trellis::lattice
