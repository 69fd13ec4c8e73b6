// How a host joins a lattice: options and environment of host.md 12.1, 12.3 and lattice.md 8.7.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/local_nats.hpp"
#include "cli/nats_flags.hpp"

namespace trellis::cli {

struct LatticeFlags {
  NatsFlags rpc;
  NatsFlags control;
  const Option* lattice = nullptr;  ///< --lattice, with or without
  std::string url;                  ///< its URL
  std::string ns;
  std::chrono::milliseconds rpc_timeout{0};  ///< 0: not given
  std::string cache_url;
  std::string cache_redis;
  std::chrono::milliseconds cache_poll{0};  ///< 0: not given
  bool own_cache = false;
  bool isolate_cache = false;
  std::string state_dir;
  std::vector<std::string> control_files;
  bool control_providers = false;
  std::vector<std::string> control_builtins;
  std::vector<std::string> control_registries;
  std::vector<std::string> link_files;
  std::vector<std::string> link_listen;
  std::vector<std::string> link_secrets;
  std::vector<std::string> allowed_hosts;
  std::chrono::milliseconds replay_window = std::chrono::seconds(60);
  std::chrono::milliseconds max_token_age{0};
  bool deny_unknown_origins = false;
  bool hide_link_values = false;
};

void add_lattice_options(Command& leaf, LatticeFlags& flags);

/// Setup that a host needs to join: the server comes first and goes last.
struct LatticeSetup {
  std::unique_ptr<LocalNats> server;  ///< started for this host; null: somebody else's, or none
  LatticeOptions options;
};

/// Options from flags and environment. Without any that names a server the host is on its own. With
/// `--lattice` alone a server on this machine is used, or started when none answers.
[[nodiscard]] Result<LatticeSetup> lattice_setup(const Context& context, const LatticeFlags& flags);

}  // namespace trellis::cli
