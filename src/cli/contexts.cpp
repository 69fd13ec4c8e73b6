#include "cli/contexts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.hpp"
#include "base/file_output.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/folders.hpp"
#include "json/json_text.hpp"
#include "nats/server_url.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Bounds on files that other tools write too.
constexpr std::size_t longest_file = 256 * 1024;
constexpr std::size_t longest_context_name = 64;
constexpr std::size_t max_names = 1000;

/// Members of a connection that are one text, in the file and in memory.
struct TextMember {
  const char* name;
  std::string NatsOptions::* text;
  bool secret;
};
constexpr std::array text_members = {TextMember{"jwt", &NatsOptions::jwt, true},
                                     TextMember{"seed", &NatsOptions::seed, true},
                                     TextMember{"user", &NatsOptions::user, false},
                                     TextMember{"password", &NatsOptions::password, true},
                                     TextMember{"token", &NatsOptions::token, true},
                                     TextMember{"inbox_prefix", &NatsOptions::inbox_prefix, false}};

struct TlsMember {
  const char* name;
  fs::path NatsTls::* file;
};
constexpr std::array tls_members = {TlsMember{"ca", &NatsTls::ca_file},
                                    TlsMember{"cert", &NatsTls::cert_file},
                                    TlsMember{"key", &NatsTls::key_file}};

/// Absolute path, since relative files mean those of the folder the context was made in.
std::string absolute_text(const fs::path& path) {
  std::error_code problem;
  auto made = fs::absolute(path, problem);
  return problem ? path.string() : made.string();
}

// Connection as it is stored; for people without what logs in.
json connection_json(const NatsOptions& nats, bool with_secrets) {
  json made = json::object();
  auto& servers = made["servers"] = json::array();
  for (const auto& url : nats.servers) servers.push_back(with_secrets ? url : without_login(url));
  for (const auto& member : text_members) {
    const auto& text = nats.*member.text;
    // Defaults are not written: a later version may have better ones.
    if (text != NatsOptions{}.*member.text)
      made[member.name] = member.secret && !with_secrets ? "(set)" : text;
  }
  if (!nats.creds_file.empty()) made["creds"] = absolute_text(nats.creds_file);
  for (const auto& member : tls_members) {
    if (const auto& file = nats.tls.*member.file; !file.empty())
      made[member.name] = absolute_text(file);
  }
  if (nats.tls.required) made["tls"] = true;
  return made;
}

std::unexpected<Error> wrong_context(const std::string& what, std::string_view member) {
  return fail(ErrorCode::malformed, fmt::format("{}: '{}' is not what it must be", what, member),
              "make it again: trellis ctx add NAME --replace");
}

// At least one server: a context without would silently mean another machine's default.
bool read_servers(const json& value, NatsOptions& nats) {
  if (!value.is_array() || value.empty()) return false;
  nats.servers.clear();
  for (const auto& url : value) {
    if (!url.is_string() || url.get_ref<const std::string&>().empty()) return false;
    nats.servers.push_back(url.get<std::string>());
  }
  return true;
}

// Member of a connection; false for a wrong type and for a name that is not known: a mistyped "tls"
// would else connect in the clear.
bool read_member(const std::string& name, const json& value, NatsOptions& nats) {
  if (name == "servers") return read_servers(value, nats);
  if (name == "tls") {
    nats.tls.required = value.is_boolean() && value.get<bool>();
    return value.is_boolean();
  }
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  for (const auto& member : text_members) {
    if (name == member.name) nats.*member.text = text;
  }
  for (const auto& member : tls_members) {
    if (name == member.name) nats.tls.*member.file = text;
  }
  if (name == "creds") nats.creds_file = text;
  const auto is = [&](const auto& member) { return name == member.name; };
  return name == "creds" || std::ranges::any_of(text_members, is) ||
         std::ranges::any_of(tls_members, is);
}

Result<NatsOptions> connection_of(const json& value, const std::string& what) {
  NatsOptions nats;
  if (!value.is_object()) return wrong_context(what, "connection");
  for (const auto& [name, member] : value.items()) {
    if (!read_member(name, member, nats)) return wrong_context(what, excerpt(name));
  }
  return nats;
}

/// Seed in a file, as contexts of the nats tool name nkeys.
Result<std::string> seed_in(const std::string& path) {
  auto text = read_file(path, 4096);
  if (!text) return pass(text);
  return std::string(trim(*text));
}

/// Context of the nats tool: the members that mean something to a lattice. Others are left out,
/// except those that would change where or how is connected: they are refused.
Result<SavedContext> from_nats(const json& value, const std::string& what) {
  if (!value.is_object()) return wrong_context(what, "the whole");
  const auto text = [&](const char* name) {
    const auto found = value.find(name);
    return found != value.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  for (const auto* name : {"nsc", "socks_proxy", "windows_cert_store"}) {
    if (text(name).empty()) continue;
    return fail(ErrorCode::unsupported, fmt::format("{}: '{}' is not supported", what, name),
                "make one without it: trellis ctx add NAME --rpc-host URL --rpc-credsfile FILE");
  }
  SavedContext made;
  auto& nats = made.rpc;
  if (auto urls = urls_of(text("url")); !urls.empty()) nats.servers = std::move(urls);
  nats.user = text("user");
  nats.password = text("password");
  nats.token = text("token");
  nats.creds_file = text("creds");
  nats.jwt = text("user_jwt");
  nats.seed = text("user_seed");
  if (auto prefix = text("inbox_prefix"); !prefix.empty()) nats.inbox_prefix = std::move(prefix);
  if (const auto file = text("nkey"); !file.empty()) {
    auto seed = seed_in(file);
    if (!seed) return pass(seed);
    nats.seed = std::move(*seed);
  }
  nats.tls = {.ca_file = text("ca"), .cert_file = text("cert"), .key_file = text("key")};
  return made;
}

// Names become files: no slash, and no dot or hyphen in front.
bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_context_name && name.front() != '.' &&
         name.front() != '-' && std::ranges::all_of(name, [](char c) {
           return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_';
         });
}

void add_names(std::vector<std::string>& names, const fs::path& folder, std::string_view prefix) {
  std::error_code problem;
  // Sorted apart: contexts of the nats tool stand behind the others.
  const auto first = static_cast<std::ptrdiff_t>(names.size());
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end;
       at.increment(problem)) {
    const auto stem = at->path().stem().string();
    if (at->path().extension() != ".json" || !is_name(stem)) continue;
    if (names.size() < max_names) names.push_back(std::string(prefix) + stem);
  }
  std::sort(names.begin() + first, names.end());
}

std::unexpected<Error> no_home() {
  return fail(ErrorCode::not_found, "there is no folder for contexts",
              "set HOME or XDG_CONFIG_HOME");
}

/// Writes a secret beside the file and renames: no reader sees half of one, and it is never
/// readable to others.
Result<void> write_secret(const fs::path& path, const std::string& text) {
  const auto part = path.string() + ".part";
  std::error_code problem;
  fs::remove(part, problem);
  if (auto made = create_secret_file(part, as_bytes(text)); !made) return made;
  fs::rename(part, path, problem);
  if (!problem) return {};
  return fail(ErrorCode::unavailable, fmt::format("{}: {}", path.string(), problem.message()));
}

}  // namespace

std::vector<std::string> urls_of(std::string_view list) {
  return nats::split_servers(list);
}

std::string without_login(const std::string& url) {
  const auto scheme = url.find("://");
  const auto start = scheme == std::string::npos ? 0 : scheme + 3;
  // Last '@' before the path: passwords may hold one.
  const auto at = url.rfind('@', url.find('/', start));
  if (at == std::string::npos || at < start) return url;
  return url.substr(0, start) + url.substr(at + 1);
}

json SavedContext::to_json() const {
  json made{{"namespace", ns}, {"rpc", connection_json(rpc, true)}};
  if (control) made["control"] = connection_json(*control, true);
  return made;
}

json SavedContext::without_secrets() const {
  json made{{"namespace", ns}, {"rpc", connection_json(rpc, false)}};
  if (control) made["control"] = connection_json(*control, false);
  return made;
}

Result<SavedContext> SavedContext::from_json(const json& value, const std::string& what) {
  SavedContext made;
  if (!value.is_object()) return wrong_context(what, "the whole");
  for (const auto& [name, member] : value.items()) {
    if (name == "namespace" && member.is_string()) {
      made.ns = member.get<std::string>();
    } else if (name == "rpc" || name == "control") {
      auto nats = connection_of(member, what);
      if (!nats) return pass(nats);
      if (name == "rpc") {
        made.rpc = std::move(*nats);
      } else {
        made.control = std::move(*nats);
      }
    } else {
      return wrong_context(what, excerpt(name));
    }
  }
  return made;
}

ContextStore::ContextStore(const Context& context) {
  const auto places = folders(context.env);
  folder_ = places.config;
  if (!places.nats_config.empty()) nats_folder_ = places.nats_config / "context";
}

Result<fs::path> ContextStore::file_of(const std::string& name) const {
  const bool nats = name.starts_with(nats_prefix);
  const auto stem = nats ? name.substr(nats_prefix.size()) : name;
  if (!is_name(stem)) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("'{}' cannot be the name of a context", excerpt(name)),
                "letters, digits, '.', '-' and '_', at most 64; nats:NAME for one of the nats "
                "tool");
  }
  if (folder_.empty()) return no_home();
  return (nats ? nats_folder_ : folder_ / "contexts") / (stem + ".json");
}

Result<SavedContext> ContextStore::load(const std::string& name) const {
  const auto file = file_of(name);
  if (!file) return pass(file);
  const auto text = read_file(*file, longest_file);
  if (!text && text.error().code == ErrorCode::not_found) {
    const auto known = names();
    return fail(ErrorCode::not_found, fmt::format("there is no context '{}'", name),
                known.empty() ? "make one: trellis ctx add NAME --rpc-host URL"
                              : "there are: " + join(known, ", "));
  }
  if (!text) return pass(text);
  const auto value = parse_json(*text, file->string());
  if (!value) return pass(value);
  return name.starts_with(nats_prefix) ? from_nats(*value, file->string())
                                       : SavedContext::from_json(*value, file->string());
}

Result<void> ContextStore::save(const std::string& name, const SavedContext& saved,
                                bool replace) const {
  const auto file = file_of(name);
  if (!file) return pass(file);
  if (name.starts_with(nats_prefix)) {
    return fail(ErrorCode::invalid_argument, "contexts of the nats tool are made by it",
                "nats context add");
  }
  std::error_code problem;
  if (!replace && fs::exists(*file, problem)) {
    return fail(ErrorCode::already_exists, fmt::format("there is a context '{}' already", name),
                "give another name, or --replace");
  }
  return write_secret(*file, saved.to_json().dump(2) + "\n");
}

Result<void> ContextStore::remove(const std::string& name) const {
  // Contexts that cannot be read can still be removed; only missing ones cannot.
  if (auto known = load(name); !known && known.error().code == ErrorCode::not_found) {
    return pass(known);
  }
  const auto file = file_of(name);
  if (!file) return pass(file);
  if (name.starts_with(nats_prefix)) {
    return fail(ErrorCode::invalid_argument, "contexts of the nats tool are removed by it",
                "nats context rm");
  }
  const auto used = in_use();
  // Mark first: one that leads to a removed context would fail every command.
  if (used && *used == name) {
    if (auto none = use_none(); !none) return none;
  }
  std::error_code problem;
  fs::remove(*file, problem);
  if (!problem) return {};
  return fail(ErrorCode::unavailable, fmt::format("{}: {}", file->string(), problem.message()));
}

std::vector<std::string> ContextStore::names() const {
  std::vector<std::string> found;
  if (!folder_.empty()) add_names(found, folder_ / "contexts", {});
  if (!nats_folder_.empty()) add_names(found, nats_folder_, nats_prefix);
  return found;
}

Result<std::optional<std::string>> ContextStore::in_use() const {
  if (folder_.empty()) return std::optional<std::string>();
  const auto text = read_file(mark(), 256);
  if (!text && text.error().code == ErrorCode::not_found) return std::optional<std::string>();
  if (!text) return pass(text);
  return std::optional(std::string(trim(*text)));
}

Result<void> ContextStore::use(const std::string& name) const {
  if (auto known = load(name); !known) return pass(known);
  return write_secret(mark(), name + "\n");
}

Result<void> ContextStore::use_none() const {
  std::error_code problem;
  if (!folder_.empty()) fs::remove(mark(), problem);
  if (!problem) return {};
  return fail(ErrorCode::unavailable, fmt::format("{}: {}", mark().string(), problem.message()));
}

}  // namespace trellis::cli
