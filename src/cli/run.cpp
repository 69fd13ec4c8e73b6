// Parsing of the command line, and the last line of defence against exceptions.
#include <algorithm>
#include <array>
#include <exception>
#include <initializer_list>
#include <optional>
#include <ostream>
#include <span>
#include <string_view>

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

/// `--version` and nothing but how to print it: no command is needed then.
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

using AddCommand = void (*)(Command&, Context&);

/// A verb with which options choose between this machine and a lattice.
template <void (*add)(Command&, Context&, Tree)>
void add_verb(Command& app, Context& context) {
  add(app, context, Tree::any);
}

/// Adds commands to the part of the help that has this title.
void add_group(Command& app, Context& context, const char* title,
               std::initializer_list<AddCommand> commands) {
  const auto before = app.subcommands().size();
  for (const auto add : commands) add(app, context);
  for (auto i = before; i < app.subcommands().size(); ++i) {
    if (!app.subcommands()[i]->is_hidden()) app.subcommands()[i]->group(title);
  }
}

void add_everything(Command& app, Context& context) {
  app.require_subcommand();
  app.footer(
      "`trellis help COMMAND` tells more. Exit status: 0 when it worked, 1 when it failed, 2 when "
      "the\ncommand line was not understood.");
  app.add_flag("-V,--version", [] {}, "Print version, engine and libraries and exit");
  add_group(app, context, "Run", {add_up, add_dev, add_down});
  add_group(app, context, "Look",
            {add_verb<add_get>, add_call, add_inspect, add_watch, add_export});
  add_group(app, context, "Change",
            {add_verb<add_start>, add_verb<add_stop>, add_verb<add_update>, add_verb<add_scale>,
             add_verb<add_link>, add_reload, add_apply});
  add_group(app, context, "Lattice", {add_ctx, add_ctl});
  add_group(app, context, "Build and sign",
            {add_new, add_sdk, add_claims, add_keys, add_par, add_reg});
  add_group(app, context, "Tools",
            {add_cache, add_drain, add_doctor, add_bench, add_completions, add_man, add_help});
  add_run_provider(app, context);
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
  add_everything(line.root(), context);
  return run(line, argc, argv, context);
}

int run(CommandLine& line, int argc, const char* const* argv, Context& context) {
  const OutputOptions output{.json = asks_for_json(argc, argv), .strict = true};
  try {
    parse_and_run(line, argc, argv, context, output);
  } catch (const std::exception& unexpected) {
    print_error(context, output,
                {ErrorCode::internal, std::string("unexpected: ") + unexpected.what(),
                 "this is a defect of trellis, please report it"});
  }
  return context.exit_code;
}

}  // namespace trellis::cli
