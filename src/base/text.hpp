// Small text helpers: hex, UTF-8, splitting.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trellis/bytes.hpp"

namespace trellis {

[[nodiscard]] std::string to_hex_lower(ByteView bytes);
[[nodiscard]] std::string to_hex_upper(ByteView bytes);
/// Either letter case; nothing for an odd length or a foreign character.
[[nodiscard]] std::optional<Bytes> from_hex(std::string_view text);

/// Strict UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;
/// Length of the well-formed UTF-8 sequence at the start of `text`, which is not empty; 0 when
/// there is none.
[[nodiscard]] std::size_t utf8_sequence(std::string_view text) noexcept;
/// The text with every bad sequence replaced by U+FFFD.
[[nodiscard]] std::string replace_bad_utf8(std::string_view text);
/// The beginning of outside text for an error message: at most `most` bytes, cut between characters
/// and then followed by "…", always UTF-8.
[[nodiscard]] std::string excerpt(std::string_view text, std::size_t most = 64);

/// Appends `text` with control characters (C0, DEL, C1) as `\n`, `\t`, `\r` or `\x1b`, and bad
/// sequences replaced: nothing from outside can move a terminal's cursor or forge a line.
void append_printable(std::string& out, std::string_view text);

/// `%41` as `A`; nothing when a percent sign is followed by anything but two hex digits.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);
/// Without leading and trailing blanks, tabs and line ends.
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;
[[nodiscard]] std::string to_lower_ascii(std::string_view text);
[[nodiscard]] std::string to_upper_ascii(std::string_view text);
/// Pieces between separators; always at least one piece.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);

}  // namespace trellis
