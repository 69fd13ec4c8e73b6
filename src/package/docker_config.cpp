#include "package/docker_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <system_error>

#include "base/binary_text.hpp"
#include "base/call_limits.hpp"
#include "base/files.hpp"
#include "json/json_value.hpp"
#include "package/credential_program.hpp"
#include "package/reference.hpp"

namespace trellis::package {
namespace {

using Kind = JsonValue::Kind;

constexpr std::size_t max_config_bytes = 1 * limits::mib;
/// What docker's tool files the logins of its own registry under.
constexpr std::string_view hub_key = "https://index.docker.io/v1/";
/// The user that stands for "this is an identity token".
constexpr std::string_view token_user = "<token>";

std::unexpected<Error> wrong(const std::string& why) {
  return fail(ErrorCode::malformed, why, "make it anew: docker login");
}

/// An object's member of that kind; null when it is missing, empty (null) or something else.
const JsonValue* docker_member(const JsonValue& object, std::string_view name, Kind kind) {
  const auto* found = object.find(name);
  return found != nullptr && found->is(kind) ? found : nullptr;
}

std::string docker_text(const JsonValue& object, std::string_view name) {
  const auto* found = docker_member(object, name, Kind::string);
  return found == nullptr ? std::string() : found->text;
}

/// The registry a key means; empty for a part of one, which is not for all of it.
std::string_view registry_of_key(std::string_view key) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
  }
  const auto slash = std::min(key.find('/'), key.size());
  constexpr std::array<std::string_view, 6> roots = {"", "/", "/v1", "/v1/", "/v2", "/v2/"};
  const bool is_root = std::ranges::find(roots, key.substr(slash)) != roots.end();
  return is_root ? key.substr(0, slash) : std::string_view();
}

/// The member of an object whose name means the registry: as it is written rather than an alias.
const JsonValue* entry_of(const JsonValue& object, std::string_view registry) {
  const JsonValue* found = nullptr;
  for (const auto& [name, value] : object.members) {
    const auto named = registry_of_key(name);
    if (name == registry) return &value;
    if (!named.empty() && found == nullptr && is_same_registry(named, registry)) found = &value;
  }
  return found;
}

/// Login in an entry of `auths`; nothing for one without.
std::optional<Login> login_of(const JsonValue& entry) {
  // Member names are those of docker's tool; all three forms of a login may be in one entry.
  Login login{docker_text(entry, "username"), docker_text(entry, "password"),
              docker_text(entry, "identitytoken")};
  if (const auto encoded = docker_text(entry, "auth"); !encoded.empty()) {
    const auto decoded = base64_decode(encoded);
    if (!decoded) return std::nullopt;
    auto text = as_text(*decoded);
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    login.user = std::string(text.substr(0, colon));
    // Some tools fill up the password with null bytes.
    text.remove_prefix(colon + 1);
    login.password = std::string(text.substr(0, text.find('\0')));
  }
  if (login.identity_token.empty() && (login.user.empty() || login.password.empty())) {
    return std::nullopt;
  }
  return login;
}

Result<Login> ask_for_login(const std::string& program, std::string_view server,
                            const http::Control& control) {
  const auto answer = ask_credential_program(program, server, control);
  if (!answer) return pass(answer);
  return read_credential_answer(*answer);
}

}  // namespace

Result<DockerLogin> read_docker_config(std::string_view json, std::string_view registry) {
  const auto config = parse_strict_json(json);
  if (!config) return wrong(config.error().message);
  if (!config->is(Kind::object)) return wrong("it is no object");
  DockerLogin found;
  // Program for all registries; one for this registry alone (credHelpers) wins over it.
  found.program = docker_text(*config, "credsStore");
  if (const auto* helpers = docker_member(*config, "credHelpers", Kind::object)) {
    const auto* helper = entry_of(*helpers, registry);
    if (helper != nullptr && helper->is(Kind::string)) found.program = helper->text;
  }
  if (!found.program.empty() && !is_credential_program(found.program)) {
    return wrong("it names a credential program by letters that no name has");
  }
  if (const auto* auths = docker_member(*config, "auths", Kind::object)) {
    const auto* entry = entry_of(*auths, registry);
    if (entry != nullptr) found.login = login_of(*entry);
  }
  return found;
}

Result<Login> read_credential_answer(std::string_view json) {
  const auto answer = parse_strict_json(json);
  if (!answer || !answer->is(Kind::object)) {
    return wrong("the credential program's answer is no JSON object");
  }
  Login login{docker_text(*answer, "Username"), docker_text(*answer, "Secret"), {}};
  if (login.user == token_user) {
    // Secret of this user is no password; it is shown to the token server only.
    login.identity_token = std::move(login.password);
    login.user.clear();
    login.password.clear();
  }
  if (login.identity_token.empty() && (login.user.empty() || login.password.empty())) {
    return wrong("the credential program's answer has no user and no secret");
  }
  return login;
}

FoundLogin find_docker_login(const std::filesystem::path& file, const std::string& registry,
                             const http::Control& control) {
  const auto shown = file.string();
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return {{}, shown + ", which is not there"};
  const auto text = read_file(file, max_config_bytes);
  if (!text) return {{}, text.error().message};
  auto config = read_docker_config(*text, registry);
  if (!config) return {{}, fmt::format("{} ({})", shown, config.error().message)};
  std::string said;
  if (!config->program.empty()) {
    const std::string_view server =
        is_same_registry(registry, "docker.io") ? hub_key : std::string_view(registry);
    auto login = ask_for_login(config->program, server, control);
    if (login) return {std::move(*login), fmt::format("docker-credential-{}", config->program)};
    said = login.error().code == ErrorCode::not_found
               ? fmt::format("docker-credential-{} has none for {}", config->program, registry)
               : login.error().message;
  }
  if (config->login) return {std::move(config->login), shown};
  if (!said.empty()) return {{}, fmt::format("{} ({})", shown, said)};
  return {{}, fmt::format("{}, which has none for {}", shown, registry)};
}

}  // namespace trellis::package
