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
/// The same for a text of several lines: line ends stay.
[[nodiscard]] std::string printable_lines(std::string_view text);

/// Characters on the screen, as far as counting code points tells.
[[nodiscard]] std::size_t width_of(std::string_view text);

}  // namespace trellis::cli
