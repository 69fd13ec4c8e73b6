// trellis completions SHELL, man DIR, and what the scripts of the former ask.
#include <fmt/format.h>

#include <filesystem>
#include <ostream>

#include "base/file_output.hpp"
#include "cli/completion.hpp"
#include "cli/host_client.hpp"
#include "cli/manual.hpp"
#include "cli/version.hpp"

namespace trellis::cli {
namespace {

using nlohmann::json;

/// Patience with a host: a shell waits for the answer, and its user with it.
constexpr std::chrono::milliseconds completion_patience{1000};

std::vector<Candidate> running_host_names(const Context& context) {
  std::vector<Candidate> found;
  const auto hosts = hosts_in_reach(context, {});
  if (!hosts) return found;
  for (const auto& host : hosts->running) {
    found.push_back({host.id, fmt::format("process {}", host.pid)});
  }
  return found;
}

/// Names and keys of what runs; each has the other one as its help. Trouble means no candidates: an
/// error text would land in the line being typed.
std::vector<Candidate> running_names(const Context& context, ValueKind kind,
                                     const std::string& host) {
  if (kind == ValueKind::host) return running_host_names(context);
  std::vector<Candidate> found;
  const auto inventory = ask_host(context, {.host = host, .socket = {}}, {.operation = "inventory"},
                                  completion_patience);
  const auto* list = kind == ValueKind::actor ? "actors" : "providers";
  if (!inventory || !inventory->contains(list)) return found;
  for (const auto& one : inventory->at(list)) {
    const auto id = text_of(one, "id");
    const auto name = text_of(one, kind == ValueKind::actor ? "name" : "image_ref");
    if (!name.empty() && name != id) found.push_back({name, id});
    found.push_back({id, name});
  }
  return found;
}

// Answer in the form that completion.cpp's scripts read.
void answer_shell(Context& context, const Command& root, const std::vector<std::string>& words) {
  const auto made = complete(root, words, [&](ValueKind kind, const std::string& host) {
    return running_names(context, kind, host);
  });
  if (made.files == ValueKind::file) context.out << ":file\n";
  if (made.files == ValueKind::folder) context.out << ":folder\n";
  for (const auto& one : made.candidates) {
    // First line of the help only, as each candidate is one line.
    context.out << one.word << '\t' << one.help.substr(0, one.help.find('\n')) << '\n';
  }
  context.out << std::flush;
}

Result<Answer> write_pages(const Command& root, const std::string& folder) {
  std::error_code problem;
  // Made where it is missing: packagers name folders of an empty tree.
  std::filesystem::create_directories(folder, problem);
  if (problem) {
    return fail(ErrorCode::unavailable, folder + ": " + problem.message(),
                "name a folder that you may write");
  }
  const auto info = build_info();
  const auto pages = manual_pages(root, info.date, info.version);
  json files = json::array();
  for (const auto& page : pages) {
    const auto path = (std::filesystem::path(folder) / page.file).string();
    if (auto written = write_file(path, as_bytes(page.text)); !written) return pass(written);
    files.push_back(path);
  }
  return Answer{fmt::format("Wrote {} pages to {}", pages.size(), folder),
                {{"files", std::move(files)}}};
}

}  // namespace

void add_completions(Command& app, Context& context) {
  auto& leaf =
      app.add_subcommand("completions", "Print the script that completes words in a shell");
  auto shell = std::make_shared<std::string>();
  leaf.add_option("shell", *shell, "bash, zsh or fish").required().one_of({"bash", "zsh", "fish"});
  leaf.run([shell, &context] {
    const auto script = completion_script(*shell);
    if (!script) return print_error(context, {}, script.error());
    context.out << *script << std::flush;
  });
  auto& ask = app.add_subcommand("complete", "Candidates for the last of these words").hidden();
  auto words = std::make_shared<std::vector<std::string>>();
  ask.take_rest(*words).run([words, &app, &context] { answer_shell(context, app, *words); });
}

void add_man(Command& app, Context& context) {
  auto& leaf = app.add_subcommand("man", "Write the manual pages of all commands to a folder");
  auto folder = std::make_shared<std::string>();
  leaf.add_option("folder", *folder, "Folder to write them to; made when it is missing")
      .required()
      .completes(ValueKind::folder);
  add_action_leaf(leaf, context, [folder, &app](auto&) { return write_pages(app, *folder); });
}

}  // namespace trellis::cli
