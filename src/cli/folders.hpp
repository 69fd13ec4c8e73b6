// Folders of hosts and tools: the one place that decides where downloads, state and keys are kept.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace trellis::cli {

/// Value of an environment variable; nothing when it is unset or empty.
using Environment = std::function<std::optional<std::string>(const char*)>;

/// Folders as the environment names them; none is made here. For each the first wins that is an
/// absolute path: the user's wish (XDG_…), what systemd made for the service (CACHE_DIRECTORY and
/// so on; of a list the first), a folder below HOME. HOME=/ counts as no home: users that exist for
/// one service have that. Plain data; any thread.
struct Folders {
  /// Downloads and unpacked libraries: $XDG_CACHE_HOME/trellis, $CACHE_DIRECTORY,
  /// ~/.cache/trellis; empty: none.
  std::filesystem::path cache;
  /// State that must outlive a process: $XDG_STATE_HOME/trellis, $STATE_DIRECTORY,
  /// ~/.local/state/trellis; empty: none.
  std::filesystem::path state;
  /// Settings of the user: $XDG_CONFIG_HOME/trellis, ~/.config/trellis; empty: none.
  std::filesystem::path config;
  /// Settings of the `nats` tool: $XDG_CONFIG_HOME/nats, ~/.config/nats; empty: none.
  std::filesystem::path nats_config;
  /// Settings of docker's own tool: $DOCKER_CONFIG, ~/.docker; empty: none.
  std::filesystem::path docker_config;
  /// Keys that sign: ~/.wash/keys (cli.md 2.1), which is where the first-party tool has them;
  /// without a home $STATE_DIRECTORY/keys; empty: none.
  std::filesystem::path keys;
  /// Control sockets of a service: $RUNTIME_DIRECTORY; empty: this is no service.
  std::filesystem::path service_runtime;
  /// Secrets that systemd hands to a service (LoadCredential=): $CREDENTIALS_DIRECTORY; empty:
  /// none.
  std::filesystem::path credentials;
};

[[nodiscard]] Folders folders(const Environment& env);

}  // namespace trellis::cli
