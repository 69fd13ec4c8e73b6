// Standard base64 with padding (RFC 4648, section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "trellis/bytes.hpp"

namespace trellis {

[[nodiscard]] std::string to_base64(ByteView bytes);
/// Nothing for foreign characters, blanks or wrong padding.
[[nodiscard]] std::optional<Bytes> from_base64(std::string_view text);

}  // namespace trellis
