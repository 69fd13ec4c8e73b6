#include "cli/global_options.hpp"

#include <algorithm>

namespace trellis::cli {
namespace {

constexpr const char* global_group = "Global options";

bool has_option(const Command& command, std::string_view name) {
  return std::ranges::any_of(command.options(), [&](const auto& option) {
    const auto names = option->names();
    return std::ranges::find(names, name) != names.end();
  });
}

// Letters that a command has for itself (-v, -q of first-party tools) stay the command's.
std::string flag_names(const Command& command, const char* letter, const char* word) {
  return has_option(command, letter) ? std::string(word) : std::string(letter) + "," + word;
}

void add_to(Command& command, Context& context) {
  command
      .add_flag(flag_names(command, "-v", "--verbose"), context.verbose,
                "Tell on standard error what is connected to and asked")
      .group(global_group);
  command
      .add_flag(flag_names(command, "-q", "--quiet"), context.quiet,
                "Results, warnings and errors only: no hints, no notes, no progress")
      .group(global_group);
  command
      .add_option(
          "--color", [&context](const std::string& word) { decide_colours(context, word); },
          "Colours: auto (on a terminal, unless NO_COLOR is set), always or never")
      .one_of({"auto", "always", "never"})
      .value_name("WHEN")
      .group(global_group);
}

}  // namespace

void add_global_options(Command& root, Context& context) {
  // Commands that hand their words on parse nothing.
  if (root.takes_rest()) return;
  add_to(root, context);
  for (const auto& one : root.subcommands()) add_global_options(*one, context);
}

// Looked for by hand, before parsing: errors of the command line itself are coloured as well.
std::string_view colour_word(int argc, const char* const* argv) {
  constexpr std::string_view option = "--color";
  std::string_view found = "auto";
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--") break;
    if (word == option && i + 1 < argc) found = argv[i + 1];
    if (word.starts_with("--color=")) found = word.substr(option.size() + 1);
  }
  return found;
}

void decide_colours(Context& context, std::string_view word) {
  // NO_COLOR and dumb terminals take part in "auto" only; "always" is the user's last word.
  const bool wanted = !context.env("NO_COLOR") && context.env("TERM").value_or("") != "dumb";
  const auto decide = [&](bool terminal) {
    return word == "always" || (word != "never" && wanted && terminal);
  };
  context.colour = decide(context.out_is_terminal);
  context.error_colour = decide(context.err_is_terminal);
}

}  // namespace trellis::cli
