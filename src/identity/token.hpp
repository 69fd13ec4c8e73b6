// The text form of tokens: three base64url segments (identity.md 2.1), without their meaning.
#pragma once

#include <string>
#include <string_view>

#include "identity/keys.hpp"
#include "trellis/result.hpp"

namespace trellis::identity {

/// The pieces of a token whose header is right.
struct TokenParts {
  std::string_view signed_text;  ///< header "." claims, as received; lives as long as the token
  std::string claims_json;       ///< decoded, not yet parsed
  Signature signature{};
};

/// Splits and decodes, and checks the header (`typ` jwt, `alg` Ed25519). Errors: identity.md 2.4.
[[nodiscard]] Result<TokenParts> split_token(std::string_view token);

/// Signs a claims text and puts the token together.
[[nodiscard]] std::string make_token(std::string_view claims_json, const KeyPair& issuer);

}  // namespace trellis::identity
