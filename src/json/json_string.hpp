// JSON strings in both directions. Written with exactly the escapes of identity.md 2.3, because a
// token is signed over its bytes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace trellis {

/// Appends `text` (valid UTF-8) as a quoted JSON string: \" \\ \b \f \n \r \t, other control
/// characters as \u00xx, everything else as it is.
void append_json_string(std::string& out, std::string_view text);

/// Reads the quoted string at the start of `text` (which is valid UTF-8) into `out` and returns how
/// many bytes it took; nothing when it does not end, has bare control characters, an unknown escape
/// or half a surrogate pair.
[[nodiscard]] std::optional<std::size_t> unescape_json_string(std::string_view text,
                                                              std::string& out);

}  // namespace trellis
