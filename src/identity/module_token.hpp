// The token inside a WebAssembly module: finding it, the module hash, and putting one in
// (identity.md 3). Extraction proves nothing about who made the claims: see admission.hpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "identity/claims.hpp"
#include "trellis/bytes.hpp"
#include "trellis/result.hpp"
#include "wasm/sections.hpp"

namespace trellis::identity {

/// Name of the custom section.
inline constexpr std::string_view token_section = "jwt";

/// The `jwt` sections of a module.
struct TokenSections {
  std::optional<wasm::Section> first;
  std::size_t count = 0;
};

/// Walks the whole module. Errors: not a WebAssembly module (identity.md 3.2 rule 1).
[[nodiscard]] Result<TokenSections> find_token_sections(ByteView module);

/// SHA-256 of the module without that section, nothing else changed: 64 upper-case hex digits
/// (identity.md 3.3).
[[nodiscard]] std::string module_hash(ByteView module, const std::optional<wasm::Section>& removed);

/// A token that belongs to the module it was found in; signature and dates are still unchecked.
struct EmbeddedToken {
  std::string token;
  DecodedToken<ActorClaims> decoded;
};

/// The claims of a module; nothing when it is unsigned. Errors: malformed module, more than one
/// `jwt` section (D7), malformed token, "Invalid module hash".
[[nodiscard]] Result<std::optional<EmbeddedToken>> extract_claims(ByteView module);

struct SignedModule {
  Bytes bytes;
  std::string token;
  std::string hash;
};

/// Makes the signed form of a module: canonical encoding, claims with its hash, and the token as
/// the last section or, where one was, in place of the first `jwt` section (identity.md 3.1, 3.4).
/// `claims.hash` and `claims.iss` are set. Errors: those of wasm::canonical_module() and
/// sign_claims().
[[nodiscard]] Result<SignedModule> sign_module(ByteView module, ActorClaims claims,
                                               const KeyPair& issuer);

}  // namespace trellis::identity
