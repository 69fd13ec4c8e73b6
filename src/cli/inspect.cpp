// trellis inspect: what a file, an image or a key is.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>

#include "base/call_limits.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "cli/host_client.hpp"
#include "cli/inspection.hpp"
#include "cli/key_store.hpp"
#include "cli/table.hpp"
#include "cli/views.hpp"
#include "identity/module_token.hpp"
#include "package/library_target.hpp"
#include "package/provider_store.hpp"
#include "trellis/engine.hpp"
#include "wasm/module_shape.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Limits that a host has unless it is told otherwise.
constexpr wasm::CompileLimits host_limits{.memory_pages = limits::memory_pages,
                                          .table_elements = EngineOptions{}.max_table_elements,
                                          .module_bytes = limits::module_bytes};

/// Use of a key.
struct Use {
  std::string host_id;
  std::string host_name;
  std::string what;  ///< "kvcounter, revision 3"; empty: the host itself
};

/// Uses on hosts of this machine; those that do not answer are left out.
std::vector<Use> uses_of(const Context& context, const std::string& key) {
  std::vector<Use> uses;
  const auto hosts = hosts_in_reach(context, {});
  if (!hosts) return uses;
  for (const auto& host : hosts->running) {
    const auto name = name_of_host(host.labels);
    if (host.id == key) uses.push_back({host.id, name, {}});
    auto client = admin::Client::connect(host.socket, ::geteuid());
    if (!client) continue;
    const auto inventory = client->request({.operation = "inventory"}, std::chrono::seconds(5));
    if (!inventory) continue;
    for (const auto* list : {"actors", "providers"}) {
      for (const auto& one : inventory->value(list, json::array())) {
        if (text_of(one, "id") != key) continue;
        uses.push_back(
            {host.id, name,
             fmt::format("{}, revision {}", text_of(one, "name"), text_of(one, "revision"))});
      }
    }
  }
  return uses;
}

// Key: whose seed is here, and what runs with it on this machine.
Answer about_key(const Context& context, const identity::PublicKey& key) {
  const auto text = key.text();
  const auto kind = std::string(identity::to_string(key.type()));
  Table table;
  table.heading(fmt::format("Public key of type {}", kind));
  table.row("Key", text);
  auto files = json::array();
  // Seeds are named by file and never shown.
  if (const auto folder = key_directory(context, {})) {
    for (const auto& one : keys_in(*folder).value_or(std::vector<ListedKey>())) {
      if (one.public_key != text) continue;
      const auto file = (*folder / one.file).string();
      table.row("Seed", one.name.empty() ? file : fmt::format("{} ({})", file, one.name));
      files.push_back({{"file", file}, {"name", one.name}});
    }
  }
  auto running = json::array();
  for (const auto& use : uses_of(context, text)) {
    table.row("In use", fmt::format("{}on host {} ({})", use.what.empty() ? "" : use.what + " ",
                                    use.host_name, use.host_id));
    running.push_back({{"host_id", use.host_id}, {"what", use.what}});
  }
  if (files.empty() && running.empty()) {
    table.line("no seed of it here, and no host on this machine uses it");
  }
  return {table.text(),
          {{"kind", "key"},
           {"type", kind},
           {"public_key", text},
           {"seeds", std::move(files)},
           {"running", std::move(running)}}};
}

/// "wapc: __guest_request, __host_call"
void add_imports(Table& table, const wasm::ModuleShape& shape, json& about) {
  std::map<std::string, std::vector<std::string>> imports;
  for (const auto& one : shape.imports) imports[one.module].push_back(one.name);
  for (const auto& [module, names] : imports)
    table.row("Imports", module + ": " + join(names, " "));
  std::vector<std::string> exports;
  for (const auto& one : shape.exports) exports.push_back(one.name);
  table.row("Exports", join(exports, " "));
  about["imports"] = imports;
  about["exports"] = std::move(exports);
}

Result<Answer> about_module(const Context& context, const fs::path& file, const std::string& shown,
                            const OutputOptions& output) {
  const auto module = read_file(file, limits::module_bytes);
  if (!module) return pass(module);
  const auto bytes = as_bytes(*module);
  const auto claims = identity::extract_claims(bytes);
  if (!claims) return pass(claims);
  const auto hash = to_hex_lower(sha256(bytes));
  Answer answer{{}, json::object()};
  if (*claims) {
    // Same words as `claims inspect`, and more below.
    auto made = inspect_module(context, file, shown, false, output);
    if (!made) return made;
    answer = std::move(*made);
    answer.text += '\n';
  }
  Table table;
  table.heading("Module");
  if (!*claims) table.row("Signed", "no: sign it with trellis claims sign");
  table.row("Size", fmt::format("{} bytes", bytes.size()));
  table.row("SHA-256", hash);
  answer.json["kind"] = "actor";
  answer.json["signed"] = claims->has_value();
  answer.json["bytes"] = bytes.size();
  answer.json["sha256"] = hash;
  // Modules that no host would take are described as well: that is often why one asks.
  if (const auto shape = wasm::shape_module(bytes, host_limits)) {
    add_imports(table, *shape, answer.json);
  } else {
    table.row("Would not run", shape.error().message);
    answer.json["problem"] = shape.error().message;
  }
  answer.text += table.text();
  return answer;
}

Result<Answer> about_library(const fs::path& file, const std::string& shown) {
  const auto target = package::library_target(file, {});
  if (!target) {
    return fail(ErrorCode::unsupported,
                fmt::format("{} is no module, no provider archive and no library", shown),
                "give a module (.wasm), an archive (.par.gz), an image or a key");
  }
  Table table;
  table.heading("Library of a provider");
  table.row("Target", *target);
  table.row("Signed", "no: only archives are (trellis par create)");
  return Answer{table.text(), {{"kind", "library"}, {"target", *target}, {"signed", false}}};
}

// First four bytes: enough to tell a module from a library.
Result<bool> begins_as_module(const fs::path& file) {
  constexpr std::string_view magic("\0asm", 4);
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(ErrorCode::unavailable, file.string() + " cannot be read");
  std::string begin(magic.size(), '\0');
  in.read(begin.data(), static_cast<std::streamsize>(begin.size()));
  return begin == magic;
}

Result<Answer> inspect(const Context& context, const ArtifactChoice& choice,
                       const OutputOptions& output) {
  std::error_code ignored;
  // Files first: a key and an image could be names of files too.
  if (!fs::exists(choice.name, ignored)) {
    if (const auto key = identity::PublicKey::parse(choice.name)) return about_key(context, *key);
    // Seeds are understood for the sake of the warning; the answer is about their public key.
    if (const auto pair = identity::KeyPair::from_seed(choice.name)) {
      say(context, Label::warning, "this is a seed: the history of the shell has it now");
      return about_key(context, pair->public_key());
    }
  }
  const auto file = find_artifact(context, choice, output);
  if (!file) return pass(file);
  // Kind by content: files from registries have no names of their own.
  if (package::looks_like_archive(*file)) {
    auto answer = inspect_archive(context, *file);
    if (answer) answer->json["kind"] = "provider";
    return answer;
  }
  const auto module = begins_as_module(*file);
  if (!module) return pass(module);
  return *module ? about_module(context, *file, choice.name, output)
                 : about_library(*file, choice.name);
}

}  // namespace

void add_inspect(Command& app, Context& context) {
  auto& leaf = app.add_subcommand("inspect", "Say what a file, an image or a key is");
  auto choice = std::make_shared<ArtifactChoice>();
  add_artifact_options(leaf, *choice, "what",
                       "Module (.wasm), provider archive (.par.gz), library, image "
                       "(HOST[:PORT]/PATH:TAG) or public key");
  add_leaf(leaf, context, [choice, &context](const OutputOptions& output) {
    return inspect(context, *choice, output);
  });
}

}  // namespace trellis::cli
