// trellis reload: has a host read its manifest again, and says what became of it.
#include <fmt/format.h>

#include <chrono>
#include <map>
#include <ostream>

#include "cli/host_client.hpp"
#include "cli/printable.hpp"

namespace trellis::cli {
namespace {

using nlohmann::json;

/// Long enough for images to be fetched.
constexpr std::chrono::minutes reload_patience{10};

/// "1 started, 1 stopped, 4 kept"
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

/// One line for everything that is not as it was before.
std::string report_text(const json& items) {
  std::string text;
  for (const auto& item : items) {
    const auto deed = text_of(item, "deed");
    if (deed == "kept" || deed == "failed") continue;
    text +=
        printable(fmt::format("{:<8}{:<9}{}", deed, text_of(item, "kind"), text_of(item, "what")));
    text += '\n';
  }
  return text + "Reloaded: " + counts(items);
}

void print_failed(std::ostream& err, const json& items) {
  for (const auto& item : items) {
    if (text_of(item, "deed") != "failed") continue;
    err << printable(fmt::format("Error: {}: {} {}: {}", text_of(item, "where"),
                                 text_of(item, "kind"), text_of(item, "what"),
                                 text_of(item, "problem")))
        << '\n';
    const auto remedy = text_of(item, "remedy");
    if (!remedy.empty()) err << "Hint: " << printable(remedy) << '\n';
  }
}

void reload(Context& context, const OutputOptions& output, const HostChoice& choice) {
  auto answer = ask_host(context, choice, {.operation = "reload"}, reload_patience);
  if (!answer) return print_error(context, output, answer.error());
  const auto items = answer->value("items", json::array());
  print(context, output, Answer{report_text(items), *answer});
  if (text_of(*answer, "failures") == "0") return;
  if (!output.json) print_failed(context.err, items);
  print_error(context, output,
              {ErrorCode::unavailable, "not everything in the manifest works",
               "mend what is listed as failed, and reload again"});
}

}  // namespace

void add_reload(Command& app, Context& context) {
  auto& leaf = app.add_subcommand(
      "reload", "Have a host read its manifest again and look like it, as SIGHUP does");
  auto choice = std::make_shared<HostChoice>();
  add_host_option(leaf, *choice);
  leaf.run(
      [choice, output = add_output_options(leaf), &context] { reload(context, *output, *choice); });
}

}  // namespace trellis::cli
