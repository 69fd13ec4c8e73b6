#include "cli/folders.hpp"

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;

/// Variable as an absolute path; relative ones mean nothing (XDG Base Directory Specification), as
/// it is not known what they are relative to.
fs::path absolute(const Environment& env, const char* name) {
  const auto value = env(name);
  return value && value->starts_with('/') ? fs::path(*value) : fs::path();
}

/// First of the folders that systemd made for the service: the list is separated by colons.
fs::path of_service(const Environment& env, const char* name) {
  const auto value = env(name).value_or("");
  const auto first = std::string_view(value).substr(0, value.find(':'));
  return first.starts_with('/') ? fs::path(first) : fs::path();
}

fs::path home(const Environment& env) {
  // Services often have HOME=/, where nothing of ours belongs.
  auto folder = absolute(env, "HOME");
  return folder.relative_path().empty() ? fs::path() : folder;
}

fs::path below(const fs::path& folder, std::string_view name) {
  return folder.empty() ? fs::path() : folder / name;
}

fs::path first_of(std::initializer_list<fs::path> folders) {
  const auto* const found =
      std::ranges::find_if(folders, [](const fs::path& one) { return !one.empty(); });
  return found == folders.end() ? fs::path() : *found;
}

}  // namespace

Folders folders(const Environment& env) {
  const auto user = home(env);
  const auto state = of_service(env, "STATE_DIRECTORY");
  // Order everywhere: what the user says, what systemd made, what is usual.
  return {.cache = first_of({below(absolute(env, "XDG_CACHE_HOME"), "trellis"),
                             of_service(env, "CACHE_DIRECTORY"), below(user, ".cache/trellis")}),
          .state = first_of({below(absolute(env, "XDG_STATE_HOME"), "trellis"), state,
                             below(user, ".local/state/trellis")}),
          .config = first_of(
              {below(absolute(env, "XDG_CONFIG_HOME"), "trellis"), below(user, ".config/trellis")}),
          .nats_config = first_of(
              {below(absolute(env, "XDG_CONFIG_HOME"), "nats"), below(user, ".config/nats")}),
          .docker_config = first_of({absolute(env, "DOCKER_CONFIG"), below(user, ".docker")}),
          .keys = first_of({below(user, ".wash/keys"), below(state, "keys")}),
          .service_runtime = of_service(env, "RUNTIME_DIRECTORY"),
          .credentials = absolute(env, "CREDENTIALS_DIRECTORY")};
}

}  // namespace trellis::cli
