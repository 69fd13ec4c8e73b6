// trellis keys gen|get|list (cli.md 2).
#include <algorithm>
#include <system_error>

#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/columns.hpp"
#include "cli/key_store.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;

Result<Answer> generate(Context& context, const std::string& type_name) {
  const auto type = identity::key_type_from(type_name);
  if (!type) {
    return fail(ErrorCode::invalid_argument, "\"" + type_name + "\" is not a type of key",
                "use one of account, user, module, service, server, operator, cluster");
  }
  const auto pair = identity::KeyPair::generate(*type, context.random);
  const auto key = pair.public_key().text();
  const auto seed = pair.seed_text();
  // First-party text, byte for byte (cli.md 2).
  return Answer{"Public Key: " + key + "\nSeed: " + seed +
                    "\n\nRemember that the seed is private, treat it as a secret.",
                {{"public_key", key}, {"seed", seed}}};
}

// Text of the system, which the first-party tool puts in front (cli.md 2); exists() has none for a
// file that is merely missing.
std::string os_text(const std::error_code& problem) {
  return problem ? problem.message() : std::string("No such file or directory");
}

Result<Answer> get(const Context& context, const std::string& directory, const std::string& name) {
  const auto folder = key_directory(context, directory);
  if (!folder) return pass(folder);
  const auto path = *folder / name;
  std::error_code problem;
  if (!fs::exists(path, problem)) {
    return fail(ErrorCode::not_found,
                os_text(problem) + ".\nPlease ensure " + path.string() + " exists.",
                "`trellis keys list` shows the names");
  }
  const auto content = read_file(path, key_file_bytes);
  if (!content) return pass(content);
  // Trimmed: files that were edited end with a line end, which is no part of a seed.
  const std::string seed(trim(*content));
  return Answer{seed, {{"seed", seed}}};
}

Answer list_answer(const fs::path& folder, const std::vector<ListedKey>& keys) {
  Columns columns({"File", "Public key", "Name"});
  auto names = nlohmann::json::array();
  auto entries = nlohmann::json::array();
  for (const auto& [file, key, name] : keys) {
    columns.row({file, key.empty() ? "(no key)" : key, name});
    names.push_back(file);
    entries.push_back({{"file", file}, {"name", name}, {"public_key", key}});
  }
  // Heading of the first-party tool; `keys` in the JSON are its file names, the rest is ours.
  auto text = "====== Keys found in " + folder.string() + " ======";
  if (!keys.empty()) text += "\n" + columns.text();
  return {std::move(text), {{"keys", std::move(names)}, {"entries", std::move(entries)}}};
}

Result<Answer> list(const Context& context, const std::string& directory) {
  const auto folder = key_directory(context, directory);
  if (!folder) return pass(folder);
  const auto keys = keys_in(*folder);
  if (!keys) return pass(keys);
  return list_answer(*folder, *keys);
}

void add_gen(Command& keys, Context& context) {
  auto& leaf = keys.add_subcommand("gen", "Make a key pair and print it; nothing is stored");
  auto type = std::make_shared<std::string>();
  leaf.add_option("keytype", *type, "account, user, module, service, server, operator or cluster")
      .required();
  add_leaf(leaf, context, [type, &context](auto&) { return generate(context, *type); });
}

void add_get(Command& keys, Context& context) {
  auto& leaf = keys.add_subcommand("get", "Print the seed in a key file");
  auto name = std::make_shared<std::string>();
  auto directory = std::make_shared<std::string>();
  leaf.add_option("name", *name, "File name with its extension, e.g. echo_module.nk").required();
  leaf.add_option("-d,--directory", *directory, "Folder of key files [env WASH_KEYS]")
      .completes(ValueKind::folder);
  add_leaf(leaf, context,
           [name, directory, &context](auto&) { return get(context, *directory, *name); });
}

void add_list(Command& keys, Context& context) {
  auto& leaf =
      keys.add_subcommand("list", "List the key files, whose they are, and the public keys");
  auto directory = std::make_shared<std::string>();
  leaf.add_option("-d,--directory", *directory, "Folder of key files [env WASH_KEYS]")
      .completes(ValueKind::folder);
  add_leaf(leaf, context, [directory, &context](auto&) { return list(context, *directory); });
}

}  // namespace

void add_keys(Command& app, Context& context) {
  auto& keys = app.add_subcommand("keys", "Make and list keys").alias("key");
  keys.require_subcommand();
  add_gen(keys, context);
  add_get(keys, context);
  add_list(keys, context);
}

}  // namespace trellis::cli
