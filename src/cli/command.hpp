// The seam between main and the subcommands, one file each:
//
//   void add_<name>(Command& app, cli::Context& context);
//
// adds a subcommand to its parent. A leaf calls add_leaf() last, with the work to do once its
// options are parsed; the work returns an Answer or an Error and never writes a result itself.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "cli/machine_name.hpp"
#include "cli/options.hpp"
#include "json/json.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"

namespace trellis::cli {

/// Everything a subcommand may use of the outside, and the outcome. Lives in main as long as the
/// process; main thread only.
struct Context {
  const Clock& clock;
  Random& random;
  /// Value of an environment variable; nothing when it is unset or empty.
  std::function<std::optional<std::string>(const char*)> env;
  std::ostream& out;
  std::ostream& err;
  int exit_code = 0;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  /// Whether what is written to `out` (`err`) may have colours: --color, else NO_COLOR, else
  /// whether it is a terminal.
  bool colour = false;
  bool error_colour = false;
  bool verbose = false;  ///< tell on `err` what is connected to and asked
  bool quiet = false;    ///< nothing but results, warnings and errors
  std::function<std::string()> machine = machine_name;  ///< what this machine is called
};

/// Beginning of a line on standard error.
enum class Label { error, warning, hint };
/// "Error: ", in colour where that is wanted.
[[nodiscard]] std::string label(const Context& context, Label kind);
/// A line on standard error with its label; of hints nothing with --quiet. The text may come from
/// anywhere: see printable_lines().
void say(const Context& context, Label kind, std::string_view text);
/// Error: what went wrong, and what to do about it.
void say(const Context& context, const Error& error);
/// Note that is good to know and neither result nor trouble; nothing with --quiet.
void note(const Context& context, std::string_view text);
/// A line on standard error with --verbose.
void tell(const Context& context, std::string_view line);

/// A result, in the two forms a user can choose from. JSON is printed in one line, keys sorted.
struct Answer {
  std::string text;
  nlohmann::json json;
};

/// -o/--output, --json and --first-party-errors of one leaf.
struct OutputOptions {
  bool json = false;
  /// Errors are JSON when JSON is asked for, and failures reported by the other side set the exit
  /// code (cli.md 1); --first-party-errors restores the habits of the first-party tool.
  bool strict = true;
};

/// Adds the options to a leaf whose work prints on its own (streams, hosts).
[[nodiscard]] std::shared_ptr<const OutputOptions> add_output_options(Command& leaf);

/// Adds the options and the work; `work` gets them too.
using Work = std::function<Result<Answer>(const OutputOptions&)>;
void add_leaf(Command& leaf, Context& context, Work work);
/// Adds options and work of a command whose text only says that something was done: of that --quiet
/// leaves the member of the JSON that is named here, or nothing.
void add_action_leaf(Command& leaf, Context& context, Work work, std::string essential = {});

/// Exit status of a command line that was not understood; failures have 1.
inline constexpr int usage_status = 2;

/// Prints a result on stdout, or an error on stderr with exit code 1.
void print(Context& context, const OutputOptions& output, const Result<Answer>& outcome);
void print_error(Context& context, const OutputOptions& output, const Error& error);

/// The value of an option, else of an environment variable, else nothing. Empty counts as absent.
[[nodiscard]] std::optional<std::string> option_or_env(const Context& context,
                                                       const std::string& option,
                                                       const char* variable);

/// Parses the arguments, runs the chosen subcommand and returns the exit code. Nothing is thrown.
[[nodiscard]] int run(int argc, const char* const* argv, Context& context);
/// Runs a program with a command line of its own.
[[nodiscard]] int run(CommandLine& line, int argc, const char* const* argv, Context& context);

void add_keys(Command& app, Context& context);
void add_claims(Command& app, Context& context);
void add_bench(Command& app, Context& context);
void add_completions(Command& app, Context& context);
void add_man(Command& app, Context& context);
void add_help(Command& app, Context& context);
void add_doctor(Command& app, Context& context);
void add_reload(Command& app, Context& context);
void add_apply(Command& app, Context& context);
void add_export(Command& app, Context& context);
void add_down(Command& app, Context& context);
void add_inspect(Command& app, Context& context);
void add_call(Command& app, Context& context);
void add_up(Command& app, Context& context);
void add_dev(Command& app, Context& context);
void add_new(Command& app, Context& context);
void add_sdk(Command& app, Context& context);
void add_ctl(Command& app, Context& context);
void add_ctx(Command& app, Context& context);
void add_par(Command& app, Context& context);
void add_reg(Command& app, Context& context);
void add_cache(Command& app, Context& context);
void add_drain(Command& app, Context& context);
void add_run_provider(Command& app, Context& context);

}  // namespace trellis::cli
