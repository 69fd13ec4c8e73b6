// Options that every command has: --verbose, --quiet, --color.
#pragma once

#include <string_view>

#include "cli/command.hpp"

namespace trellis::cli {

/// Adds them to the root, its groups and its commands; short forms where a command has no other use
/// for the letter. After everything else is declared.
void add_global_options(Command& root, Context& context);

/// The word behind --color, looked for before (or without) a successful parse; "auto" without.
[[nodiscard]] std::string_view colour_word(int argc, const char* const* argv);

/// Whether to colour, from "auto", "always" or "never", NO_COLOR, TERM and the terminals.
void decide_colours(Context& context, std::string_view word);

}  // namespace trellis::cli
