// trellis help [COMMAND …], and help on what many commands share.
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "base/suggest.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/topics.hpp"

namespace trellis::cli {
namespace {

/// Options that reach a lattice, below their headings.
std::string connection_options_of(const Command& command) {
  std::string text;
  std::string heading;
  for (const auto& option : command.options()) {
    if (!option->group().starts_with(connection_heading)) continue;
    if (option->group() != heading) {
      heading = option->group();
      text += fmt::format("\n{}:\n", heading);
    }
    auto names = join(option->names(), ",");
    if (option->takes_value()) names += " " + option->value_name();
    text += fmt::format("  {:<28}{}\n", names, option->help());
  }
  return text;
}

// Help on the connection, made of the declared options, which --help leaves out for their number.
std::string connection_help(const Command& root) {
  std::string text(
      "How commands and hosts reach a lattice. Options win over variables.\n\n"
      "Commands (`trellis get ... --lattice`, `trellis ctl ...`):\n");
  if (const auto* ctl = root.subcommand("ctl")) {
    // One command stands for all: they share these options.
    if (const auto* watch = ctl->subcommand("watch")) text += connection_options_of(*watch);
  }
  text += "\nHosts (`trellis up`):\n";
  if (const auto* up = root.subcommand("up")) text += connection_options_of(*up);
  return text;
}

Result<std::string> help_on(const Command& root, const std::vector<std::string>& words) {
  if (words.size() == 1 && words.front() == connection_topic) return connection_help(root);
  const auto* command = &root;
  for (const auto& word : words) {
    const auto* next = command->subcommand(word);
    if (next == nullptr) {
      std::vector<std::string> names;
      for (const auto& one : command->subcommands()) {
        // Hidden commands are not suggested, but understood.
        if (!one->is_hidden()) names.push_back(one->name());
      }
      if (command == &root) names.emplace_back(connection_topic);
      const auto near = nearest(word, std::vector<std::string_view>(names.begin(), names.end()));
      return fail(ErrorCode::invalid_argument,
                  fmt::format("{} has no command '{}'", command->path(), word),
                  near ? fmt::format("did you mean `{}`?", *near)
                       : fmt::format("`{} --help` lists them", command->path()));
    }
    command = next;
  }
  return command->help_text();
}

}  // namespace

void add_help(Command& app, Context& context) {
  auto& leaf = app.add_subcommand("help", "Help on a command, or on `connection`");
  auto words = std::make_shared<std::vector<std::string>>();
  leaf.add_option("command", *words, "Words of the command, or connection: how to reach a lattice");
  leaf.run([words, &app, &context] {
    const auto text = help_on(app, *words);
    if (!text) {
      print_error(context, {}, text.error());
      // Misspelt words are a usage error here as they are without `help`.
      context.exit_code = usage_status;
      return;
    }
    context.out << *text << std::flush;
  });
}

}  // namespace trellis::cli
