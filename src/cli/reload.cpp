// trellis reload, trellis apply: a host is made to look like its manifest, or like another one.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <ostream>

#include "base/files.hpp"
#include "base/limits.hpp"
#include "cli/host_client.hpp"
#include "cli/printable.hpp"
#include "manifest/manifest.hpp"

namespace trellis::cli {
namespace {

using nlohmann::json;

/// Patience with a host that applies a manifest: long enough for images to be fetched.
constexpr std::chrono::minutes reload_patience{10};

struct ReloadOptions {
  HostChoice host;
  std::string file;  ///< of `apply`
  bool dry_run = false;
  bool prune = false;
  bool lenient = false;
};

/// Counts of items by what was done: "1 started, 1 stopped, 4 kept".
std::string counts(const json& items) {
  std::map<std::string, int> numbers;
  for (const auto& item : items) ++numbers[text_of(item, "deed")];
  std::string text;
  for (const char* deed : {"started", "changed", "stopped", "kept", "failed"}) {
    if (numbers[deed] == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", numbers[deed], deed);
  }
  return text.empty() ? "nothing is listed" : text;
}

/// Report with one line for everything that is not as it was before.
std::string report_text(const json& answer, const json& items, const ReloadOptions& options) {
  std::string text;
  for (const auto& item : items) {
    const auto deed = text_of(item, "deed");
    if (deed == "kept" || deed == "failed") continue;
    const auto reason = text_of(item, "reason");
    text +=
        printable(fmt::format("{:<8}{:<9}{}{}", deed, text_of(item, "kind"), text_of(item, "what"),
                              reason.empty() ? "" : fmt::format("  ({})", reason)));
    text += '\n';
  }
  if (options.dry_run) return fmt::format("{}Dry run, nothing was done: {}", text, counts(items));
  const bool untouched = answer.value("untouched", false);
  return text + (untouched ? "Nothing was changed: " : "Reloaded: ") + counts(items);
}

// Failed items on standard error, each with its remedy; the rest is the result.
void print_failed(const Context& context, const json& items) {
  for (const auto& item : items) {
    if (text_of(item, "deed") != "failed") continue;
    const auto problem = fmt::format("{}: {} {}: {}", text_of(item, "where"), text_of(item, "kind"),
                                     text_of(item, "what"), text_of(item, "problem"));
    say(context, {ErrorCode::unavailable, printable(problem), printable(text_of(item, "remedy"))});
  }
}

/// Manifest as the host needs it: its text, the variables it uses, and the folders its paths are
/// looked for in. It is read here first: an error of it needs no host.
Result<json> manifest_arguments(Context& context, const ReloadOptions& options) {
  const auto text = read_file(options.file, limits::manifest_bytes);
  if (!text) return pass(text);
  json variables = json::object();
  const auto lookup = [&](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    // Only variables that the manifest asks for are sent: an environment is full of secrets.
    variables[std::string(name)] = value;
    return value;
  };
  const auto format = manifest::format_of(options.file);
  const auto read =
      manifest::read(*text, format, lookup, {.file = options.file, .lenient = options.lenient});
  if (!read) return pass(read);
  for (const auto& warning : read->warnings) {
    say(context, Label::warning, printable(warning));
  }
  const auto here = absolute_path(".");
  const auto beside = std::filesystem::path(absolute_path(options.file)).parent_path().string();
  auto folders = json::array({here});
  if (beside != here) folders.push_back(beside);
  return json{{"text", *text},
              {"file", options.file},
              {"format", format == manifest::Format::yaml ? "yaml" : "json"},
              {"lenient", options.lenient},
              {"variables", std::move(variables)},
              {"folders", std::move(folders)}};
}

Result<json> ask(Context& context, const ReloadOptions& options) {
  json arguments = json::object();
  if (!options.file.empty()) {
    auto made = manifest_arguments(context, options);
    if (!made) return made;
    arguments = std::move(*made);
  }
  arguments["dry_run"] = options.dry_run;
  arguments["prune"] = options.prune;
  const auto* operation = options.file.empty() ? "reload" : "apply";
  return ask_host(context, options.host, {operation, std::move(arguments)}, reload_patience);
}

void reload(Context& context, const OutputOptions& output, const ReloadOptions& options) {
  const auto answer = ask(context, options);
  if (!answer) return print_error(context, output, answer.error());
  const auto items = answer->value("items", json::array());
  // Report is printed with --quiet too after a dry run, whose result it is.
  if (!context.quiet || output.json || options.dry_run) {
    print(context, output, Answer{report_text(*answer, items, options), *answer});
  }
  if (text_of(*answer, "failures") == "0") return;
  if (!output.json) print_failed(context, items);
  const bool untouched = answer->value("untouched", false);
  // Failure of the whole last, after all single ones: it sets the status.
  print_error(context, output,
              {ErrorCode::unavailable,
               untouched ? "not everything in the manifest can be had, so nothing was changed"
                         : "not everything in the manifest works",
               "mend what is listed as failed, and try again"});
}

void add_reload_leaf(Command& leaf, Context& context, std::shared_ptr<ReloadOptions> options) {
  leaf.add_flag("--dry-run", options->dry_run, "Say what would be done, and do nothing");
  leaf.add_flag("--prune", options->prune,
                "Stop and unlink also what was started by command and is not listed");
  add_host_option(leaf, options->host);
  leaf.run([options, output = add_output_options(leaf), &context] {
    reload(context, *output, *options);
  });
}

}  // namespace

void add_reload(Command& app, Context& context) {
  auto& leaf = app.add_subcommand(
      "reload", "Have a host read its manifest again and look like it, as SIGHUP does");
  add_reload_leaf(leaf, context, std::make_shared<ReloadOptions>());
}

void add_apply(Command& app, Context& context) {
  auto& leaf = app.add_subcommand("apply", "Make a running host look like a manifest");
  auto options = std::make_shared<ReloadOptions>();
  leaf.add_option("-f,--file,-m,--manifest", options->file,
                  "The manifest (YAML or JSON); variables are those of this command")
      .required()
      .completes(ValueKind::file);
  leaf.add_flag("--lenient", options->lenient, "Read the manifest as first-party hosts do");
  add_reload_leaf(leaf, context, std::move(options));
}

}  // namespace trellis::cli
