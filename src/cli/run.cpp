// Parsing of the command line, and the last line of defence against exceptions.
#include <exception>
#include <ostream>
#include <string_view>

#include "cli/command.hpp"

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

void add_everything(CLI::App& app, Context& context) {
  app.set_version_flag("-V,--version", "trellis " TRELLIS_VERSION);
  app.require_subcommand(1);
  app.fallthrough(false);
  add_keys(app, context);
  add_claims(app, context);
  add_bench(app, context);
  add_doctor(app, context);
  add_up(app, context);
  add_dev(app, context);
  add_ctl(app, context);
  add_call(app, context);
  add_host_get(app, context);
  add_link(app, context);
  add_start(app, context);
  add_stop(app, context);
  add_update(app, context);
  add_down(app, context);
  add_par(app, context);
  add_reg(app, context);
  add_run_provider(app, context);
}

/// The innermost subcommand on the command line, for a pointer to the right help.
std::string command_path(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app.get_name() : app.get_name() + " " + command_path(*chosen.front());
}

/// CLI11 says "a subcommand is required" where one was misspelt.
std::string what_is_wrong(const CLI::App& app, const CLI::ParseError& problem) {
  const auto left_over = app.remaining(true);
  const bool misspelt = dynamic_cast<const CLI::RequiredError*>(&problem) != nullptr &&
                        std::string_view(problem.what()).contains("subcommand");
  if (!misspelt || left_over.empty()) return problem.what();
  return "unknown subcommand or option: " + left_over.front();
}

void print_usage_error(Context& context, const OutputOptions& output, const CLI::App& app,
                       const CLI::ParseError& problem) {
  print_error(context, output,
              {ErrorCode::invalid_argument, what_is_wrong(app, problem),
               "`" + command_path(app) + " --help` lists what is accepted"});
}

void parse_and_run(int argc, const char* const* argv, Context& context,
                   const OutputOptions& output) {
  CLI::App app("A wasmCloud host and its tools", "trellis");
  add_everything(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {  // --help, --version
    app.exit(done, context.out, context.err);
  } catch (const CLI::ParseError& problem) {
    print_usage_error(context, output, app, problem);
  }
}

}  // namespace

int run(int argc, const char* const* argv, Context& context) {
  const OutputOptions output{.json = asks_for_json(argc, argv), .strict = true};
  try {
    parse_and_run(argc, argv, context, output);
  } catch (const std::exception& unexpected) {
    print_error(context, output,
                {ErrorCode::internal, std::string("unexpected: ") + unexpected.what(),
                 "this is a defect of trellis, please report it"});
  }
  return context.exit_code;
}

}  // namespace trellis::cli
