// Bytes as text: the base32 of keys, the base64url of tokens, and plain base64.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "trellis/bytes.hpp"

namespace trellis {

/// Base32 of RFC 4648 as nkeys use it: upper case, no padding, unused bits zero (identity.md 1.2).
[[nodiscard]] std::string base32_encode(ByteView bytes);
/// Nothing for a foreign character, an impossible length or unused bits that are not zero.
[[nodiscard]] std::optional<Bytes> base32_decode(std::string_view text);

/// Base64url of RFC 4648 section 5 without padding, the form of token segments (identity.md 2.1).
[[nodiscard]] std::string base64url_encode(ByteView bytes);
/// Only the canonical form: nothing for padding, white space, a foreign character, an impossible
/// length or unused bits that are not zero.
[[nodiscard]] std::optional<Bytes> base64url_decode(std::string_view text);

/// Standard base64 with padding (RFC 4648, section 4).
[[nodiscard]] std::string base64_encode(ByteView bytes);
/// Nothing for foreign characters, blanks or wrong padding.
[[nodiscard]] std::optional<Bytes> base64_decode(std::string_view text);

}  // namespace trellis
