#include "cli/command.hpp"

#include <array>
#include <ostream>
#include <string_view>

#include "cli/printable.hpp"

namespace trellis::cli {
namespace {

/// Refusal of an output form: the text that cli.md 1 prescribes for anything but the two words.
std::string check_output_word(const std::string& word) {
  if (word == "text" || word == "json") return {};
  return "error parsing output type, see help for the list of accepted outputs";
}

/// JSON in one line (cli.md 1). Paths and the like may be no UTF-8, which would throw.
std::string dump(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::shared_ptr<OutputOptions> add_options(Command& leaf) {
  auto output = std::make_shared<OutputOptions>();
  leaf.add_option(
          "-o,--output", [output](const std::string& word) { output->json = word == "json"; },
          "Output form: text or json")
      .check(check_output_word, "text|json")
      .value_name("")
      .show_default("text");
  leaf.add_flag("--json", [output] { output->json = true; }, "Same as --output json");
  leaf.add_flag("!--first-party-errors", output->strict,
                "As the first-party tool: errors are text also with --json, and failures that the "
                "other side reports do not set the exit status");
  // Earlier names of the option above, which scripts may have.
  leaf.add_flag("--strict,!--no-strict", output->strict, "").hidden();
  return output;
}

}  // namespace

std::shared_ptr<const OutputOptions> add_output_options(Command& leaf) {
  return add_options(leaf);
}

void add_leaf(Command& leaf, Context& context, Work work) {
  leaf.run([output = add_options(leaf), work = std::move(work), &context] {
    print(context, *output, work(*output));
  });
}

void add_action_leaf(Command& leaf, Context& context, Work work, std::string essential) {
  leaf.run([output = add_options(leaf), work = std::move(work), essential = std::move(essential),
            &context] {
    auto outcome = work(*output);
    // Errors and JSON are never left out: the one is not "done", the other was asked for.
    if (!outcome || !context.quiet || output->json) return print(context, *output, outcome);
    const auto found = outcome->json.find(essential);
    if (found == outcome->json.end() || !found->is_string()) return;
    outcome->text = found->get<std::string>();
    print(context, *output, outcome);
  });
}

std::string label(const Context& context, Label kind) {
  struct Form {
    std::string_view text;
    std::string_view colour;
  };
  constexpr std::array forms{Form{"Error:", "\x1b[1;31m"}, Form{"Warning:", "\x1b[1;33m"},
                             Form{"Hint:", "\x1b[1;36m"}};
  // Forms in the order of Label.
  const auto& form = forms.at(static_cast<std::size_t>(kind));
  if (!context.error_colour) return std::string(form.text) + ' ';
  return std::string(form.colour) + std::string(form.text) + "\x1b[0m ";
}

void say(const Context& context, Label kind, std::string_view text) {
  if (kind == Label::hint && context.quiet) return;
  // Printable here, at the one way out: messages quote guests, peers, registries and files.
  context.err << label(context, kind) << printable_lines(text) << std::endl;
}

void say(const Context& context, const Error& error) {
  say(context, Label::error, error.message);
  if (!error.remedy.empty()) say(context, Label::hint, error.remedy);
}

void note(const Context& context, std::string_view text) {
  if (!context.quiet) context.err << printable_lines(text) << std::endl;
}

void tell(const Context& context, std::string_view line) {
  if (context.verbose) context.err << printable(line) << std::endl;
}

void print(Context& context, const OutputOptions& output, const Result<Answer>& outcome) {
  if (!outcome) return print_error(context, output, outcome.error());
  context.out << (output.json ? dump(outcome->json) : outcome->text) << '\n' << std::flush;
  // Full disks and closed pipes show only now; a result that did not arrive is a failure.
  if (!context.out) {
    print_error(context, output, {ErrorCode::unavailable, "cannot write to standard output", {}});
  }
}

void print_error(Context& context, const OutputOptions& output, const Error& error) {
  context.exit_code = 1;
  if (output.json && output.strict) {
    nlohmann::json json{{"error", error.message}, {"code", to_string(error.code)}};
    if (!error.remedy.empty()) json["remedy"] = error.remedy;
    context.err << dump(json) << '\n';
    return;
  }
  // Text form, and with --first-party-errors the only one (cli.md 1).
  say(context, error);
}

std::optional<std::string> option_or_env(const Context& context, const std::string& option,
                                         const char* variable) {
  if (!option.empty()) return option;
  return context.env(variable);
}

}  // namespace trellis::cli
