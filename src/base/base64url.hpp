// Base64url of RFC 4648 section 5 without padding, the form of token segments (identity.md 2.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "trellis/bytes.hpp"

namespace trellis {

[[nodiscard]] std::string base64url_encode(ByteView bytes);
/// Only the canonical form: nothing for padding, white space, a foreign character, an impossible
/// length or unused bits that are not zero.
[[nodiscard]] std::optional<Bytes> base64url_decode(std::string_view text);

}  // namespace trellis
