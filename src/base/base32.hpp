// Base32 of RFC 4648 as nkeys use it: upper case, no padding, unused bits zero (identity.md 1.2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "trellis/bytes.hpp"

namespace trellis {

[[nodiscard]] std::string base32_encode(ByteView bytes);
/// Nothing for a foreign character, an impossible length or unused bits that are not zero.
[[nodiscard]] std::optional<Bytes> base32_decode(std::string_view text);

}  // namespace trellis
