// Text from strangers on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace trellis::cli {

/// With '?' for control characters: names come from tokens of strangers, and nothing in them may
/// steer the terminal.
[[nodiscard]] std::string printable(std::string_view text);

/// Characters on the screen, as far as counting code points tells.
[[nodiscard]] std::size_t width_of(std::string_view text);

}  // namespace trellis::cli
