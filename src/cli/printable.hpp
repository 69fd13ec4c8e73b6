// Text from strangers on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace trellis::cli {

/// One line, with '?' for bad UTF-8 and for every character that could steer the terminal, forge a
/// line or turn around what follows (C0, DEL, C1, separators of lines, marks of direction): names
/// come from tokens of strangers.
[[nodiscard]] std::string printable(std::string_view text);
/// Text of several lines, made harmless in the same way: line ends stay.
[[nodiscard]] std::string printable_lines(std::string_view text);

/// Columns on the screen: two for East Asian wide characters and pictures, none for marks that
/// stand above or below others.
[[nodiscard]] std::size_t width_of(std::string_view text);
/// The beginning of a text that takes no more columns, ended by "…" when something is missing.
[[nodiscard]] std::string cut_to_width(std::string_view text, std::size_t width);

}  // namespace trellis::cli
