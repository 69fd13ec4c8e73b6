#include "cli/key_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <system_error>

#include "base/ascii.hpp"
#include "base/call_limits.hpp"
#include "base/file_output.hpp"
#include "base/files.hpp"
#include "base/hash.hpp"
#include "base/text.hpp"
#include "cli/folders.hpp"
#include "cli/printable.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;
using identity::KeyPair;

constexpr std::size_t longest_note = 64 * limits::kib;
/// File systems allow 255 bytes, of which the type takes some.
constexpr std::size_t longest_stem = 200;

bool is_plain(char c) {
  return is_letter_or_digit(c) || static_cast<unsigned char>(c) >= 0x80;
}

/// Name as a file name. It is one-to-one: two names in one file would share an identity.
std::string encoded(std::string_view name) {
  const bool text = is_utf8(name);
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    // No dot in front, no slash anywhere: the name stays inside the folder and visible.
    const bool kept = (is_plain(c) && (text || byte < 0x80)) || c == '_' || c == '-' ||
                      (c == '.' && !out.empty());
    kept ? void(out += c) : void(out += fmt::format("%{:02X}", byte));
  }
  if (out.size() <= longest_stem) return out;
  // Long names are cut and told apart by their hash.
  const auto hash = sha256_upper_hex(as_bytes(name)).substr(0, 32);
  auto end = longest_stem - hash.size() - 1;
  while ((static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;  // between characters
  return out.substr(0, end) + "~" + hash;                               // a '~' of a name is %7E
}

// Name of a file, as far as it can be read back; cut ones keep their hash.
std::string decoded(std::string_view stem) {
  std::string out;
  for (std::size_t at = 0; at < stem.size(); ++at) {
    const auto byte = stem[at] == '%' ? from_hex(stem.substr(at + 1, 2)) : std::nullopt;
    const bool escape = byte && byte->size() == 1;
    out += escape ? static_cast<char>(byte->front()) : stem[at];
    if (escape) at += 2;
  }
  return out;
}

Result<KeyPair> check_type(Result<KeyPair> pair, const KeyRequest& request,
                           const std::string& where) {
  if (!pair) {
    return fail(pair.error().code,
                "the " + request.role + " key " + where + " is " + pair.error().message,
                pair.error().remedy);
  }
  if (pair->type() == request.type) return pair;
  return fail(ErrorCode::invalid_argument,
              "the " + request.role + " key " + where + " is of type " +
                  std::string(identity::to_string(pair->type())) + " instead of " +
                  std::string(identity::to_string(request.type)),
              "make one with: trellis keys gen " + std::string(identity::to_string(request.type)));
}

Result<KeyPair> read_key(const fs::path& path, const KeyRequest& request) {
  const auto content = read_file(path, key_file_bytes);
  if (!content) return pass(content);
  return check_type(KeyPair::from_seed(trim(*content)), request, "in " + path.string());
}

Result<KeyPair> key_of_value(const std::string& value, const KeyRequest& request) {
  std::error_code ignored;
  // File first, else the value itself is the seed (cli.md 2.1). An error never quotes it.
  if (fs::is_regular_file(value, ignored)) return read_key(value, request);
  return check_type(KeyPair::from_seed(trim(value)), request,
                    "given (no file of that name exists)");
}

/// Note beside a key file: the name it signed, where the file is not named after it.
fs::path note_of(const fs::path& file) {
  return file.string() + ".name";
}

std::optional<std::string> noted_name(const fs::path& file) {
  auto name = read_file(note_of(file), longest_note);
  if (!name) return std::nullopt;
  return std::move(*name);
}

/// Notes a name. A failure is a warning only: without the note the next signature under another
/// name is not noticed, no more.
void note_name(Context& context, const fs::path& file, const std::string& name) {
  if (auto written = write_file(note_of(file), as_bytes(name)); written) return;
  say(context, Label::warning,
      fmt::format("it cannot be noted that {} is the key of \"{}\"", file.string(), name));
}

std::string suffix_of(identity::KeyType type) {
  return "_" + std::string(identity::to_string(type)) + ".nk";
}

/// File of the account: one key for everything a user signs (cli.md 2.1).
std::string account_file(const Context& context) {
  auto user = context.env("USER").value_or("user");
  if (user.contains('/')) user = "user";  // must not leave the folder
  return user + suffix_of(identity::KeyType::account);
}

Result<KeyPair> make_key(Context& context, const fs::path& path, const KeyRequest& request) {
  // Text of the first-party tool, on standard error instead of its standard output (cli.md 2.1).
  note(context,
       fmt::format("No keypair found in \"{}\".\n"
                   "We will generate one for you and place it there.\n"
                   "If you'd like to use alternative keys, you can supply them as a flag.\n",
                   path.string()));
  std::error_code ignored;
  fs::remove(note_of(path), ignored);  // of a file that was here before
  auto pair = KeyPair::generate(request.type, context.random);
  if (auto made = create_secret_file(path, as_bytes(pair.seed_text())); !made) return pass(made);
  return pair;
}

Result<KeyPair> read_or_make(Context& context, const KeyOptions& options, const fs::path& path,
                             const KeyRequest& request) {
  std::error_code ignored;
  if (fs::exists(path, ignored)) return read_key(path, request);
  if (!options.disable_keygen) return make_key(context, path, request);
  return fail(
      ErrorCode::not_found,
      "No keypair found in " + path.string() + ", please ensure key exists or supply one as a flag",
      "leave out --disable-keygen to have one made");
}

/// Refusal of a key that signed another name: two programs with one key are one actor to every
/// host, and either answers for both.
std::unexpected<Error> key_of_another(const fs::path& file, const std::string& owner,
                                      const KeyRequest& request, const fs::path& owners_file) {
  return fail(
      ErrorCode::denied,
      fmt::format("the key in {} signed \"{}\" before, and not \"{}\": with one key both would "
                  "be the same {} to every host",
                  file.string(), owner, request.name, identity::to_string(request.type)),
      fmt::format("if \"{}\" is a new name of \"{}\", add --rename; else give each its own: mv "
                  "'{}' '{}' && rm '{}'",
                  request.name, owner, file.string(), owners_file.string(),
                  note_of(file).string()));
}

/// Key in the name's own file.
Result<KeyPair> own_key(Context& context, const KeyOptions& options, const fs::path& file,
                        const KeyRequest& request) {
  const auto owner = noted_name(file);
  if (owner && *owner != request.name && !options.rename) {
    const auto theirs = key_file_name(*owner, request.type);
    return key_of_another(file, *owner, request,
                          file.parent_path() / theirs.value_or("another.nk"));
  }
  auto key = read_key(file, request);
  if (key && owner && *owner != request.name) note_name(context, file, request.name);
  return key;
}

/// Owner of the key in a file that is named as older versions did, as far as that is known: by a
/// note, or by what the destination was signed with until now.
std::optional<std::string> owner_of(const fs::path& file, const KeyPair& key,
                                    const KeyRequest& request) {
  if (auto noted = noted_name(file)) return noted;
  if (!request.before || request.before->key != key.public_key().text()) return std::nullopt;
  return request.before->name;
}

/// Key of a file that is named as older versions did; nothing when it is another name's. From its
/// first use it belongs to one name.
Result<std::optional<KeyPair>> old_key(Context& context, const KeyOptions& options,
                                       const fs::path& file, const fs::path& own,
                                       const KeyRequest& request) {
  auto key = read_key(file, request);
  if (!key) return pass(key);
  const auto noted = noted_name(file);
  const auto owner = owner_of(file, *key, request);
  if (owner && *owner != request.name && !options.rename) {
    if (!noted) note_name(context, file, *owner);
    note(context, fmt::format("Note: {} is not used, it is the key of \"{}\". If that is called "
                              "\"{}\" now, remove what is made here and add --rename.",
                              file.string(), *owner, request.name));
    return std::nullopt;
  }
  if (noted != request.name) {
    note_name(context, file, request.name);
    note(context,
         fmt::format("Note: \"{}\" is signed with the key in {}, which is named as older versions "
                     "did; from now on it signs no other name. If it is another actor's, add "
                     "--new-key; to keep it under the name of its own: mv '{}' '{}'",
                     request.name, file.string(), file.string(), own.string()));
  }
  return std::move(*key);
}

Result<KeyPair> named_key(Context& context, const KeyOptions& options, const fs::path& directory,
                          const KeyRequest& request) {
  const auto name = key_file_name(request.name, request.type);
  if (!name) return pass(name);
  const auto own = directory / *name;
  std::error_code ignored;
  // Own file first; an old one only where there is no other, so that a key which links know stays
  // in use.
  if (fs::exists(own, ignored)) return own_key(context, options, own, request);
  const auto old = directory / (request.old_stem + suffix_of(request.type));
  if (!request.old_stem.empty() && !options.new_key && fs::exists(old, ignored)) {
    auto key = old_key(context, options, old, own, request);
    if (!key) return pass(key);
    if (*key) return std::move(**key);
  }
  return read_or_make(context, options, own, request);
}

}  // namespace

Result<fs::path> key_directory(const Context& context, const std::string& option) {
  if (const auto given = option_or_env(context, option, keys_variable)) return fs::path(*given);
  if (auto folder = folders(context.env).keys; !folder.empty()) return folder;
  return fail(ErrorCode::not_found,
              "$HOME not found, please set $HOME or $WASH_KEYS for autogenerated keys",
              "or name the folder with --directory");
}

bool is_stored_key(const Context& context, const KeyRequest& request) {
  return !option_or_env(context, request.option, request.variable);
}

Result<KeyPair> find_key(Context& context, const KeyOptions& options, const KeyRequest& request) {
  if (const auto value = option_or_env(context, request.option, request.variable)) {
    return key_of_value(*value, request);
  }
  const auto directory = key_directory(context, options.directory);
  if (!directory) return pass(directory);
  // Accounts are not named after a program: one signs them all.
  if (request.type == identity::KeyType::account) {
    return read_or_make(context, options, *directory / account_file(context), request);
  }
  return named_key(context, options, *directory, request);
}

Result<std::string> key_file_name(std::string_view name, identity::KeyType type) {
  // Names of punctuation alone would be hidden files, or all look alike.
  if (std::ranges::any_of(name, is_plain)) return encoded(name) + suffix_of(type);
  return fail(ErrorCode::invalid_argument,
              "no key file can be named after \"" + std::string(name) + "\"",
              "give a name with letters, or the keys with --issuer and --subject");
}

std::string name_of_key_file(const fs::path& file) {
  if (auto noted = noted_name(file)) return std::move(*noted);
  const auto stem = file.stem().string();
  return decoded(std::string_view(stem).substr(0, stem.rfind('_')));
}

std::string stem_of(const std::string& path_or_name) {
  auto stem = fs::path(path_or_name).stem().string();
  return stem == "." || stem == ".." ? std::string() : stem;
}

void add_key_options(Command& leaf, KeyOptions& options, const std::string& directory) {
  leaf.add_option(directory, options.directory,
                  "Folder of key files [env WASH_KEYS, else ~/.wash/keys]")
      .completes(ValueKind::folder);
  leaf.add_flag("--disable-keygen", options.disable_keygen,
                "Fail instead of making keys that are missing");
}

void add_key_name_options(Command& leaf, KeyOptions& options) {
  leaf.add_flag("--rename", options.rename,
                "Sign with a stored key that signed another name before");
  leaf.add_flag("--new-key", options.new_key,
                "Make a key of its own, where there is only one in a file named after the source, "
                "as older versions did");
}

namespace {

ListedKey listed(const fs::path& path) {
  ListedKey made{path.filename().string(), {}, {}};
  const auto content = read_file(path, key_file_bytes);
  if (!content) return made;
  const auto pair = identity::KeyPair::from_seed(trim(*content));
  if (!pair) return made;
  made.public_key = pair->public_key().text();
  made.name = name_of_key_file(path);
  return made;
}

}  // namespace

Result<std::vector<ListedKey>> keys_in(const fs::path& folder) {
  std::error_code problem;
  std::vector<ListedKey> keys;
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end;
       at.increment(problem)) {
    if (at->path().extension() == ".nk") keys.push_back(listed(at->path()));
  }
  if (problem) {
    return fail(ErrorCode::not_found,
                problem.message() + ", please ensure directory " + folder.string() + " exists");
  }
  std::ranges::sort(keys, {}, &ListedKey::file);
  return keys;
}

}  // namespace trellis::cli
