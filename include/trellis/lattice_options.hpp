// How a host or a client reaches the lattice: connections to NATS and the rules for what arrives.
// All are plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "trellis/nats_options.hpp"

namespace trellis {

/// A Redis database that all hosts of a lattice share as their cache (lattice.md 8.1).
struct RedisCacheOptions {
  /// redis://[[user]:password@]host[:port][/database], or rediss:// for TLS.
  std::string url;
  /// How often it is looked at for what others wrote; a look that takes long is followed by a pause
  /// nine times as long.
  std::chrono::milliseconds poll{1000};
};

/// The cache of the lattice (lattice.md 8).
struct CacheOptions {
  std::optional<NatsOptions> nats;  ///< replicated; nothing, as below: it is this host's alone
  /// Kept in this database instead; the three after it then have no meaning. Not with `nats`.
  std::optional<RedisCacheOptions> redis;
  std::string events_subject = "lattice.state.events";
  std::string replay_subject = "lattice.state.replay";
  /// Puts the namespace into both subjects, so that lattices on one server share nothing.
  /// First-party peers must then be given the same subjects.
  bool isolate = false;
  std::chrono::seconds replay_interval{60};
  /// Where links survive a stop of all hosts; empty: nowhere.
  std::filesystem::path state_dir;
};

/// Everything about the lattice a host takes part in.
struct LatticeOptions {
  std::string ns = "default";          ///< the namespace, part of every subject (lattice.md 1.2)
  std::optional<NatsOptions> rpc;      ///< calls and advertisements; nothing: standalone
  std::optional<NatsOptions> control;  ///< control interface and events; nothing: none
  CacheOptions cache;
  std::chrono::milliseconds rpc_timeout{2000};
  /// Public keys of hosts and clients (N…) whose calls are taken; empty: any (lattice.md 3.5, 13).
  std::vector<std::string> allowed_hosts;
  std::chrono::seconds replay_window{60};  ///< D3; 0 switches it off
  std::size_t replay_capacity = 100'000;   ///< ids remembered
  std::chrono::seconds max_token_age{0};   ///< refuse older tokens; 0: any age
  bool deny_unknown_origins = false;       ///< D2 strict
  bool redact_link_values = false;         ///< in answers to link queries (lattice.md 5.4)
  /// Folders below which control commands may name files; none: no files.
  std::vector<std::filesystem::path> control_files;
  /// Whether control commands may start providers from registries, and built-in ones that reach
  /// files, listen or connect. Everybody who may speak on the lattice could have them do so. Those
  /// from registries are always permitted where HostOptions::allowed_issuers says whose.
  bool control_providers = false;
  /// Built-in providers that control commands may start anyway: "httpserver".
  std::vector<std::string> control_builtins;
  /// Registries that control commands may have images fetched from: HOST or HOST:PORT, "*" for
  /// any. Those that the host's own user has named may always be asked.
  std::vector<std::string> control_registries;
  /// Folders below which links from the lattice may name files and folders; none: nothing.
  std::vector<std::filesystem::path> link_files;
  /// Addresses at which links from the lattice may have providers listen: ADDRESS[/BITS][:PORTS]
  /// with a port or FIRST-LAST. A bare port from 1024 on they may always name.
  std::vector<std::string> link_listen;
  /// Secrets that links from the lattice may use (`secret:NAME`).
  std::vector<std::string> link_secrets;
};

}  // namespace trellis
