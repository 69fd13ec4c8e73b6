// Parsing of the command line, and the last line of defence against exceptions.
#include <algorithm>
#include <array>
#include <exception>
#include <optional>
#include <ostream>
#include <span>
#include <string_view>
#include <vector>

#include "cli/command.hpp"
#include "cli/global_options.hpp"
#include "cli/reach.hpp"
#include "cli/version.hpp"

namespace trellis::cli {
namespace {

/// Whether JSON was asked for, found out before (or without) a successful parse.
bool asks_for_json(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const std::string_view next = i + 1 < argc ? argv[i + 1] : "";
    if (word == "--json" || word == "-ojson" || word == "--output=json") return true;
    if ((word == "-o" || word == "--output") && next == "json") return true;
  }
  return false;
}

/// Options for `--version`, when there is nothing else but how to print it: no command is needed
/// then.
std::optional<OutputOptions> asks_for_version(int argc, const char* const* argv) {
  constexpr std::array<std::string_view, 8> known{"-V",       "--version", "--json",        "-o",
                                                  "--output", "-ojson",    "--output=json", "json"};
  if (argc < 2) return std::nullopt;
  bool asked = false;
  for (const std::string_view word : std::span(argv, static_cast<std::size_t>(argc)).subspan(1)) {
    if (std::ranges::find(known, word) == known.end()) return std::nullopt;
    asked = asked || word == "-V" || word == "--version";
  }
  if (!asked) return std::nullopt;
  return OutputOptions{.json = asks_for_json(argc, argv), .strict = true};
}

struct Entry {
  std::string_view name;
  void (*add)(Command&, Context&);
};

/// Verb with which options choose between this machine and a lattice.
template <void (*add)(Command&, Context&, Tree)>
void add_verb(Command& app, Context& context) {
  add(app, context, Tree::any);
}

struct Group {
  const char* title;  ///< of this part of the help; null: not shown there
  std::vector<Entry> entries;
};

std::vector<Group> groups() {
  return {
      {"Run", {{"up", add_up}, {"dev", add_dev}, {"down", add_down}}},
      {"Look",
       {{"get", add_verb<add_get>},
        {"call", add_call},
        {"inspect", add_inspect},
        {"watch", add_watch},
        {"export", add_export}}},
      {"Change",
       {{"start", add_verb<add_start>},
        {"stop", add_verb<add_stop>},
        {"update", add_verb<add_update>},
        {"scale", add_verb<add_scale>},
        {"link", add_verb<add_link>},
        {"reload", add_reload},
        {"apply", add_apply}}},
      {"Lattice", {{"ctx", add_ctx}, {"ctl", add_ctl}}},
      {"Build and sign",
       {{"new", add_new},
        {"sdk", add_sdk},
        {"claims", add_claims},
        {"keys", add_keys},
        {"par", add_par},
        {"reg", add_reg}}},
      {"Tools",
       {{"cache", add_cache},
        {"drain", add_drain},
        {"doctor", add_doctor},
        {"bench", add_bench},
        {"completions", add_completions},
        {"man", add_man},
        {"help", add_help}}},
      {nullptr, {{"run-provider", add_run_provider}}},
  };
}

/// Adds commands to the part of the help that has this title. `only` one, or all when it is empty.
void add_group(Command& app, Context& context, const Group& group, std::string_view only) {
  const auto before = app.subcommands().size();
  for (const auto& entry : group.entries) {
    if (only.empty() || only == entry.name) entry.add(app, context);
  }
  if (group.title == nullptr) return;
  for (auto i = before; i < app.subcommands().size(); ++i) {
    if (!app.subcommands()[i]->is_hidden()) app.subcommands()[i]->group(group.title);
  }
}

/// Command that the line begins with, when it is enough to know that one: the options of all are 2
/// MB, which a host would keep for as long as it runs. Empty: all are needed, for help on them or
/// for what was misspelt.
std::string_view only_command(int argc, const char* const* argv) {
  constexpr std::array<std::string_view, 3> tell_of_others{"completions", "man", "help"};
  const std::string_view word = argc > 1 ? argv[1] : "";
  if (std::ranges::find(tell_of_others, word) != tell_of_others.end()) return {};
  for (const auto& group : groups()) {
    for (const auto& entry : group.entries) {
      if (entry.name == word) return entry.name;
    }
  }
  return {};
}

void add_commands(Command& app, Context& context, std::string_view only) {
  app.require_subcommand();
  app.footer(
      "`trellis help COMMAND` tells more. Exit status: 0 when it worked, 1 when it failed, 2 when "
      "the\ncommand line was not understood.");
  // Declared for help and completions; it was handled before if it stood alone.
  app.add_flag("-V,--version", [] {}, "Print version, engine and libraries and exit");
  for (const auto& group : groups()) add_group(app, context, group, only);
  add_global_options(app, context);
}

void parse_and_run(CommandLine& line, int argc, const char* const* argv, Context& context,
                   const OutputOptions& output) {
  const auto shown = line.parse({argv + std::min(argc, 1), argv + argc});
  if (!shown) {
    print_error(context, output, shown.error());
    context.exit_code = usage_status;
    return;
  }
  context.out << *shown << std::flush;
}

}  // namespace

int run(int argc, const char* const* argv, Context& context) {
  decide_colours(context, colour_word(argc, argv));
  if (const auto output = asks_for_version(argc, argv)) {
    print(context, *output, version_answer());
    return context.exit_code;
  }
  CommandLine line("trellis", "A wasmCloud host and its tools");
  add_commands(line.root(), context, only_command(argc, argv));
  return run(line, argc, argv, context);
}

int run(CommandLine& line, int argc, const char* const* argv, Context& context) {
  const OutputOptions output{.json = asks_for_json(argc, argv), .strict = true};
  try {
    parse_and_run(line, argc, argv, context, output);
    // Exceptions do not come here from commands, which return errors: this is what is left, like
    // lack of memory.
  } catch (const std::exception& unexpected) {
    print_error(context, output,
                {ErrorCode::internal, std::string("unexpected: ") + unexpected.what(),
                 "this is a defect of trellis, please report it"});
  }
  return context.exit_code;
}

}  // namespace trellis::cli
