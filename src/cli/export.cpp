// trellis export: what a host runs, as a manifest that starts another one like it.
#include <fmt/format.h>

#include <ostream>

#include "cli/host_client.hpp"
#include "cli/printable.hpp"

namespace trellis::cli {
namespace {

using nlohmann::json;

struct ExportFlags {
  HostChoice host;
  bool show_secrets = false;
};

Result<Answer> export_host(Context& context, const ExportFlags& flags) {
  auto answer = ask_host(context, flags.host, {"export", {{"show_secrets", flags.show_secrets}}});
  if (!answer) return pass(answer);
  for (const auto& one : answer->value("left_out", json::array())) {
    say(context, Label::warning,
        "left out: " + printable(one.is_string() ? one.get<std::string>() : ""));
  }
  auto text = printable_lines(text_of(*answer, "manifest"));
  while (text.ends_with('\n')) text.pop_back();
  // Empty hosts give "{}": an empty file is refused by first-party hosts (host.md 11).
  return Answer{text.empty() ? "{}" : std::move(text), std::move(*answer)};
}

}  // namespace

void add_export(Command& app, Context& context) {
  auto& leaf = app.add_subcommand(
      "export", "Write what a host runs as a manifest that starts another one like it");
  auto flags = std::make_shared<ExportFlags>();
  leaf.add_flag("--show-secrets", flags->show_secrets,
                "Write secrets in clear; without it they are variables that must be set");
  add_host_option(leaf, flags->host);
  add_leaf(leaf, context, [flags, &context](auto&) { return export_host(context, *flags); });
}

}  // namespace trellis::cli
