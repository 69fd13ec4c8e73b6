// Signed claims as plain values, and their way into and out of token text (identity.md 2). Nothing
// here believes a token: see validation.hpp and admission.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "identity/key_cache.hpp"
#include "identity/keys.hpp"
#include "trellis/result.hpp"

namespace trellis::identity {

/// Members every token has (identity.md 2.2). Times are seconds since 1970 UTC.
struct Envelope {
  std::optional<std::uint64_t> exp;  ///< expiry; nothing = never
  std::string jti;                   ///< unique token id, 22 characters made by make_nuid()
  std::uint64_t iat = 0;             ///< time of issue, not checked
  std::string iss;                   ///< public key that signed
  std::string sub;                   ///< what is described: a key, or an invocation id
  std::optional<std::uint64_t> nbf;  ///< not before; nothing = at once

  friend bool operator==(const Envelope&, const Envelope&) = default;
};

/// An actor: what its module is called and which contracts it may call.
struct ActorClaims : Envelope {
  std::optional<std::string> name;
  std::string hash;  ///< module hash, 64 upper-case hex digits (3.3)
  std::optional<std::vector<std::string>> tags;
  std::optional<std::vector<std::string>> caps;  ///< not set is not the same as empty (5.4)
  std::optional<std::int32_t> rev;               ///< missing counts as 0
  std::optional<std::string> ver;
  std::optional<std::string> call_alias;
  bool prov = false;

  friend bool operator==(const ActorClaims&, const ActorClaims&) = default;
};

/// A capability provider and the hashes of its libraries.
struct ProviderClaims : Envelope {
  std::optional<std::string> name;
  std::string capid;
  std::string vendor;
  std::optional<std::int32_t> rev;
  std::optional<std::string> ver;
  /// Target ("x86_64-linux") and upper-case SHA-256, in the order of the token.
  std::vector<std::pair<std::string, std::string>> target_hashes;

  friend bool operator==(const ProviderClaims&, const ProviderClaims&) = default;
};

/// Members that accounts and operators share.
struct SignerClaims : Envelope {
  std::optional<std::string> name;
  std::optional<std::vector<std::string>> valid_signers;

  friend bool operator==(const SignerClaims&, const SignerClaims&) = default;
};
struct AccountClaims : SignerClaims {
  friend bool operator==(const AccountClaims&, const AccountClaims&) = default;
};
struct OperatorClaims : SignerClaims {
  friend bool operator==(const OperatorClaims&, const OperatorClaims&) = default;
};

/// The anti-forgery token of one lattice call (identity.md 5.4).
struct InvocationClaims : Envelope {
  std::string target_url;
  std::string origin_url;
  std::string hash;

  friend bool operator==(const InvocationClaims&, const InvocationClaims&) = default;
};

/// A well-formed token taken apart. Its signature and dates have not been looked at.
template <class Claims>
struct DecodedToken {
  Claims claims;
  PublicKey issuer;         ///< `iss`, decoded
  std::string signed_text;  ///< what the signature is over: the first two segments as received
  Signature signature{};

  [[nodiscard]] bool signature_valid() const noexcept {
    return issuer.verify(as_bytes(signed_text), signature);
  }
};

/// Reads a token of the kind the caller expects: a token does not say its kind (identity.md 2.4).
/// Errors are `malformed` for every rule of that section, and `limit` for more than
/// limits::token_chars. Hostile input is safe. Any thread.
[[nodiscard]] Result<DecodedToken<ActorClaims>> decode_actor(std::string_view token);
[[nodiscard]] Result<DecodedToken<ProviderClaims>> decode_provider(std::string_view token);
[[nodiscard]] Result<DecodedToken<AccountClaims>> decode_account(std::string_view token);
[[nodiscard]] Result<DecodedToken<OperatorClaims>> decode_operator(std::string_view token);
[[nodiscard]] Result<DecodedToken<InvocationClaims>> decode_invocation(std::string_view token);
/// With issuers from `issuers` where they were seen before.
[[nodiscard]] Result<DecodedToken<InvocationClaims>> decode_cached_invocation(
    std::string_view token, KeyCache& issuers);

/// Reads the JSON text of an actor's claims that somebody states without a token: nothing proves
/// them. Errors as decode_actor().
[[nodiscard]] Result<ActorClaims> actor_claims_from_json(std::string_view json);

/// The claims as the one JSON text that is signed: fixed member order, no blanks (2.2, 2.3).
[[nodiscard]] std::string to_json(const ActorClaims& claims);
[[nodiscard]] std::string to_json(const ProviderClaims& claims);
[[nodiscard]] std::string to_json(const AccountClaims& claims);
[[nodiscard]] std::string to_json(const OperatorClaims& claims);
[[nodiscard]] std::string to_json(const InvocationClaims& claims);

/// Makes a token. `claims.iss` is set to the issuer's public key and an actor's call alias is
/// normalised. Errors (invalid_argument): empty `sub`, text that is not UTF-8, a token too long.
[[nodiscard]] Result<std::string> sign_claims(ActorClaims claims, const KeyPair& issuer);
[[nodiscard]] Result<std::string> sign_claims(ProviderClaims claims, const KeyPair& issuer);
[[nodiscard]] Result<std::string> sign_claims(AccountClaims claims, const KeyPair& issuer);
[[nodiscard]] Result<std::string> sign_claims(OperatorClaims claims, const KeyPair& issuer);
[[nodiscard]] Result<std::string> sign_claims(InvocationClaims claims, const KeyPair& issuer);

/// About how many bytes of memory the claims take.
[[nodiscard]] std::size_t footprint(const ActorClaims& claims) noexcept;

/// The name to show: `name`, or "Anonymous" / "Unnamed Provider".
[[nodiscard]] std::string display_name(const ActorClaims& claims);
[[nodiscard]] std::string display_name(const ProviderClaims& claims);
[[nodiscard]] std::string display_name(const SignerClaims& claims);
[[nodiscard]] std::string display_name(const InvocationClaims& claims);

/// A call alias as tokens carry it: trimmed, lower case, ASCII only, and space, '-' and '.' turned
/// into '_' (identity.md 2.3). Applied when a token is made, never when one is read.
[[nodiscard]] std::string normalise_call_alias(std::string_view alias);

}  // namespace trellis::identity
