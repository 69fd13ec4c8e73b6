// The values a host takes and gives back: options of actors, links, and the inventory.
// All are plain values; reading them needs no lock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "trellis/clock.hpp"

struct trellis_provider_table;

namespace trellis {

/// Verified claims of an actor, as far as a host's user cares (identity.md 2.3).
struct ActorIdentity {
  std::string key;     ///< `sub`, 56 characters, M…
  std::string issuer;  ///< `iss`, 56 characters, A…
  std::string name;    ///< "Anonymous" when the claims have none
  std::int32_t revision = 0;
  std::string version;     ///< empty when the claims have none
  std::string call_alias;  ///< empty when the claims have none
  std::vector<std::string> tags;
  /// Contract ids the actor may use. Absent and empty differ: without a list an actor may call
  /// nothing at all, with an empty one it may call other actors (identity.md 5.4).
  std::optional<std::vector<std::string>> capabilities;
  std::optional<std::uint64_t> expires;     ///< `exp`, seconds since 1970
  std::optional<std::uint64_t> not_before;  ///< `nbf`

  friend bool operator==(const ActorIdentity&, const ActorIdentity&) = default;
};

/// Limits of one actor's instances; an absent one means the host's default.
struct GuestLimitOptions {
  std::optional<std::uint32_t> memory_mb;  ///< memory of one instance
  std::optional<std::chrono::milliseconds> call_timeout;
};

/// How an actor is to be run.
struct ActorOptions {
  std::optional<std::size_t> min_instances;  ///< made at start; default 1
  std::optional<std::size_t> max_instances;  ///< default 2 x cores; 1 when the claims say `serial`
  GuestLimitOptions limits;
  std::string source;  ///< where the bytes came from (path or reference); shown in the inventory
};

/// A provider that is linked into the program and started by its name.
struct BuiltinProvider {
  std::string name;  ///< as references have it: "builtin:" and a name
  /// As trellis/provider.h describes it, made by trellis::sdk::provider_table
  /// (trellis/provider.hpp) or by hand; with static lifetime.
  const trellis_provider_table* table = nullptr;
  /// It keeps to the host's memory and log: no files, no connections, no addresses. Commands of a
  /// lattice may start it without a permission (LatticeOptions::control_providers).
  bool confined = false;
};

/// Where the code of a provider runs (docs/providers.md).
enum class ProviderMode {
  automatic,   ///< built-in ones in the host's process; files in one of their own where possible
  in_process,  ///< fastest; a provider that crashes takes the host with it
  process      ///< a supervised process of its own, started again when it ends
};
/// "auto", "in-process" or "process".
[[nodiscard]] std::string_view to_string(ProviderMode mode) noexcept;
/// The reverse; nothing for other texts.
[[nodiscard]] std::optional<ProviderMode> provider_mode_of(std::string_view text) noexcept;

/// How a provider is to be run.
struct ProviderOptions {
  std::string link_name = "default";
  ProviderMode mode = ProviderMode::automatic;  ///< what the host's options say
};

/// How processes of providers are run.
struct ProviderProcessOptions {
  /// The trellis binary, which runs them. Empty: there are none, and `automatic` means in process.
  std::filesystem::path program;
  std::size_t memory_mb = 1024;                    ///< private memory of each
  std::optional<std::size_t> open_files;           ///< soft limit of each; default that of the host
  std::chrono::milliseconds hang_timeout{30'000};  ///< in a call nobody waits for
};

/// How actors and providers are fetched from registries (docs/packaging.md).
struct RegistryOptions {
  /// For downloads and unpacked libraries; made with mode 0700. Empty: nothing can be fetched, and
  /// archives cannot be unpacked.
  std::filesystem::path cache_folder;
  std::vector<std::string> insecure;  ///< registries spoken to over plain HTTP: HOST or HOST:PORT
  std::string user;
  std::string password;
  /// Registries, and token servers of others, that user and password are for: HOST or HOST:PORT.
  /// Empty: all registries; of a host in a lattice those the host's own user has named.
  std::vector<std::string> credentials_for;
  /// A config.json as `docker login` writes it: who has no user and password above is looked up
  /// there, and the credential programs that it names are run. Empty: none.
  std::filesystem::path docker_config;
  /// What `cache_folder` may hold; what was used longest ago goes first, after each fetch.
  std::uint64_t cache_bytes = std::uint64_t{4} * 1024 * 1024 * 1024;
  std::filesystem::path ca_file;  ///< PEM; authorities trusted besides the system's
  bool allow_latest = false;      ///< permits the tag `latest`, and no tag
  bool offline = false;           ///< use what is on disk and ask no registry
  std::chrono::milliseconds timeout{std::chrono::minutes(5)};  ///< for one artifact
};

/// A link definition: which provider serves a contract for an actor, with which settings.
/// Keyed by (actor, contract, link name); provider and values are its content (lattice.md 8.3).
struct Link {
  std::string actor;        ///< public key
  std::string contract_id;  ///< "wasmcloud:keyvalue"
  std::string link_name = "default";
  std::string provider_id;  ///< public key; builtin name or file of a started provider also work
  std::map<std::string, std::string> values;

  friend bool operator==(const Link&, const Link&) = default;
};

/// How far a link has come. Only `bound` carries calls from provider to actor.
enum class LinkState {
  waiting_for_actor,     ///< no claims of the actor are known yet
  waiting_for_provider,  ///< the provider does not run here
  refused,               ///< by claims, authorizer, or what the lattice may name of this machine
  binding,               ///< BindActor is on its way
  bound,
  failed,     ///< the provider refused BindActor; it is tried again with growing pauses
  elsewhere,  ///< in a lattice: the provider runs on another host, or nowhere yet
};

[[nodiscard]] std::string_view to_string(LinkState state) noexcept;

/// Who said what a link is. What it names of this machine (files, addresses, secrets) is done with
/// the rights of the host, so that from the lattice it needs a permission (LatticeOptions).
enum class LinkOrigin {
  local,   ///< the host's own user: API, control socket, manifest, command line
  lattice  ///< anybody who may speak there: advertisements, the replicated cache
};
/// "local" or "lattice".
[[nodiscard]] std::string_view to_string(LinkOrigin origin) noexcept;

struct LinkInfo {
  Link link;
  LinkState state = LinkState::waiting_for_actor;
  std::string problem;         ///< why it failed or was refused, with the remedy
  std::uint32_t attempts = 0;  ///< BindActor calls since the last success or change
  LinkOrigin origin = LinkOrigin::local;
  WallTime since;  ///< of the state; where nothing was tried, of the link
};

enum class HealthState { unknown, healthy, unhealthy };
[[nodiscard]] std::string_view to_string(HealthState state) noexcept;

/// Result of the last health round that reached the entity (host.md 10).
struct Health {
  HealthState state = HealthState::unknown;
  std::string reason;               ///< text when unhealthy, or the provider's own message
  std::optional<WallTime> checked;  ///< when it was last answered
  std::optional<WallTime> since;    ///< when it got into this state
};

struct ActorInfo {
  ActorIdentity identity;
  std::string source;
  std::size_t instances = 0;  ///< alive now
  std::size_t busy = 0;       ///< executing now
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;
  std::uint64_t replaced = 0;  ///< instances dropped after a trap, a kill or a limit
  WallTime started;
  Health health;
  std::string hash = {};      ///< of the module without its token, as the claims have it
  ActorOptions options = {};  ///< as it was asked for; what is not set is the host's default
};

/// What is known of a signed module before it runs.
struct ActorPreview {
  ActorIdentity identity;
  std::string hash;  ///< as in ActorInfo
};

struct ProviderInfo {
  std::string key;  ///< V…
  std::string link_name;
  std::string contract_id;
  std::string name;
  std::string vendor;
  std::string version;
  std::int32_t revision = 0;
  std::string source;  ///< "builtin:…" or a path
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;
  std::uint64_t timeouts = 0;
  std::size_t stuck_threads = 0;
  WallTime started;
  Health health;
  bool own_process = false;
  std::int64_t pid = 0;        ///< of its own process; 0 while that is being started again
  std::uint64_t restarts = 0;  ///< of its own process
  std::string last_end;        ///< how that ended the last time: "was ended by signal 11 (…)"
  ProviderMode mode = ProviderMode::automatic;  ///< as it was asked for
  bool of_host = false;                         ///< the host has it without being asked
};

/// What is known of a provider before it runs.
struct ProviderPreview {
  std::string key;
  std::string contract_id;
};

/// State of one connection to the message network.
enum class ConnectionState { none, connecting, connected, disconnected };
[[nodiscard]] std::string_view to_string(ConnectionState state) noexcept;

/// How a host stands with its lattice. Counters run from the start of the host.
struct LatticeInfo {
  std::string ns;
  ConnectionState rpc = ConnectionState::none;      ///< calls and advertisements
  ConnectionState control = ConnectionState::none;  ///< control interface and events
  ConnectionState cache = ConnectionState::none;    ///< replicated cache, or its Redis
  std::uint64_t calls_out = 0;
  std::uint64_t calls_lost = 0;  ///< of those: no answer in time, or nobody to send them to
  std::uint64_t calls_in = 0;
  std::uint64_t calls_refused = 0;    ///< of those: malformed, forged, replayed, for somebody else
  std::uint64_t calls_busy = 0;       ///< of those: too many waited for their actor already
  std::uint64_t calls_expired = 0;    ///< of those: their callers had given up before their turn
  std::uint64_t adverts_refused = 0;  ///< links and claims that made no sense
  std::uint64_t links_refused = 0;    ///< for what they name of this machine
  std::uint64_t control_requests = 0;
  std::uint64_t control_refused = 0;  ///< of those: malformed, or too many at once
  std::uint64_t cache_refused = 0;    ///< of the cache: malformed, or too much
  std::uint64_t cache_repaired = 0;   ///< entries that comparison with peers put right
  std::size_t cache_entries = 0;
};

/// What the host keeps in memory for others (HostOptions::memory_budget_bytes), in bytes.
struct MemoryInfo {
  struct Kind {
    std::string
        name;  ///< "http", "calls", "control", "claims", "links", "names", "cache", "delivery"
    std::size_t bytes = 0;
    std::uint64_t refused = 0;  ///< how often there was no room
  };
  std::size_t budget = 0;
  std::size_t held = 0;
  std::vector<Kind> kinds;
};

struct Inventory {
  std::string host_id;
  std::map<std::string, std::string> labels;
  std::chrono::seconds uptime{0};
  std::vector<ActorInfo> actors;
  std::vector<ProviderInfo> providers;
  LatticeInfo lattice;
  MemoryInfo memory;
};

}  // namespace trellis
