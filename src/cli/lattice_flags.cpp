#include "cli/lattice_flags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "cli/durations.hpp"
#include "cli/reach.hpp"
#include "host/state/builtins.hpp"
#include "host/state/link_rules.hpp"
#include "identity/keys.hpp"
#include "lattice/wire/subjects.hpp"
#include "package/reference.hpp"
#include "providers/builtin.hpp"
#include "providers/redis/address.hpp"

namespace trellis::cli {

using host::builtin_prefix;

namespace {

constexpr auto group = "Lattice";

/// Bounds of times that the host counts in seconds.
constexpr DurationBounds whole_seconds{.least = std::chrono::seconds(1)};
constexpr DurationBounds seconds_or_none{.least = {}};
constexpr DurationBounds cache_polls{.least = std::chrono::milliseconds(10),
                                     .most = std::chrono::hours(1)};
constexpr DurationBounds longest_call{.most = std::chrono::hours(1)};

// Check of the whole key: a list with a mistyped one would lock a host out, or the wrong one in.
bool is_host_key(const std::string& text) {
  const auto key = identity::PublicKey::parse(text);
  return key && key->type() == identity::KeyType::server;
}

/// Cache in a database that all hosts share.
Result<void> read_redis_cache(const LatticeFlags& flags, const std::string& url, bool replicated,
                              CacheOptions& cache) {
  const bool named = flags.cache_redis.empty() || !flags.cache_url.empty();
  if (replicated && named) {
    return fail(ErrorCode::invalid_argument,
                "the lattice cache is to be replicated (--cache-url, KVCACHE_NATS_URL) and in "
                "Redis (--cache-redis, KVCACHE_URL) at once",
                "leave out one of them");
  }
  if (auto address = providers::redis::parse_address(url); !address) {
    address.error().message.insert(0, "--cache-redis, KVCACHE_URL: ");
    return pass(address);
  }
  if (flags.isolate_cache) {
    return fail(ErrorCode::invalid_argument,
                "--isolate-cache has no meaning for a cache in Redis: its keys are what they are",
                "give each lattice a database of its own, in --cache-redis or KVCACHE_URL");
  }
  cache.redis = {.url = url};
  if (flags.cache_poll.count() > 0) cache.redis->poll = flags.cache_poll;
  return {};
}

/// Check that options fit the kind of cache: those of a kind that is not asked for would be
/// ignored.
Result<void> check_kind(const LatticeFlags& flags, bool redis) {
  if (flags.own_cache && (!flags.cache_url.empty() || !flags.cache_redis.empty())) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("--own-cache together with {}",
                            flags.cache_url.empty() ? "--cache-redis" : "--cache-url"),
                "leave out one of them");
  }
  if (flags.cache_poll.count() > 0 && !redis) {
    return fail(ErrorCode::invalid_argument, "--cache-poll is for a cache in Redis",
                "name its database with --cache-redis or KVCACHE_URL, or leave out --cache-poll");
  }
  return {};
}

/// Cache as options and KVCACHE_… say (lattice.md 8.7): where it is replicated when that is not the
/// lattice's own server.
Result<void> read_cache(const Context& context, const LatticeFlags& flags,
                        LatticeOptions& options) {
  auto& cache = options.cache;
  cache.isolate = flags.isolate_cache;
  cache.state_dir = flags.state_dir;
  if (const auto subject = context.env("KVCACHE_STATE_REPL_SUBJECT")) {
    cache.events_subject = *subject;
  }
  if (const auto subject = context.env("KVCACHE_REPLAY_REQ_SUBJECT")) {
    cache.replay_subject = *subject;
  }
  const auto interval = duration_from_env(context.env, "KVCACHE_REPLAY_HEARTBEAT_SECS",
                                          std::chrono::seconds(1), whole_seconds);
  if (!interval) return pass(interval);
  if (*interval) cache.replay_interval = std::chrono::ceil<std::chrono::seconds>(**interval);
  if (flags.own_cache) return check_kind(flags, false);
  const auto url = option_or_env(context, flags.cache_url, "KVCACHE_NATS_URL");
  // Options are about this host, whatever the environment says of both kinds.
  const auto redis = flags.cache_url.empty() || !flags.cache_redis.empty()
                         ? option_or_env(context, flags.cache_redis, "KVCACHE_URL")
                         : std::nullopt;
  if (auto fits = check_kind(flags, redis.has_value()); !fits) return fits;
  if (redis) return read_redis_cache(flags, *redis, url.has_value(), cache);
  if (!url) {
    cache.nats = options.rpc;
    return {};
  }
  NatsOptions own;
  // Another server, another login: that of the lattice is not sent there.
  own.servers = {*url};
  own.jwt = context.env("KVCACHE_CLIENT_JWT").value_or("");
  own.seed = context.env("KVCACHE_CLIENT_SEED").value_or("");
  if (!own.jwt.empty() && own.seed.empty()) {
    return fail(ErrorCode::invalid_argument,
                "KVCACHE_CLIENT_JWT is set without KVCACHE_CLIENT_SEED",
                "a JWT needs the seed it was issued for");
  }
  cache.nats = std::move(own);
  return {};
}

// Folder as it is, without links: what a command of the lattice names is compared with it.
Result<std::filesystem::path> whole_folder(std::string_view option, const std::string& folder) {
  std::error_code problem;
  auto whole = std::filesystem::canonical(folder, problem);
  if (!problem && std::filesystem::is_directory(whole, problem)) return whole;
  return fail(ErrorCode::not_found, fmt::format("{} {}: no such folder", option, folder));
}

std::string check_listen(const std::string& text) {
  const auto range = host::ListenRange::parse(text);
  return range ? std::string() : range.error().message;
}

std::string check_registry(const std::string& name) {
  if (name == "*" || package::is_registry_name(name)) return {};
  return fmt::format("'{}' is no registry", name);
}

// Names with and without "builtin:", as everywhere.
std::string check_builtin(const std::string& name) {
  const auto whole = name.starts_with(builtin_prefix) ? name : std::string(builtin_prefix) + name;
  if (providers::builtin_of(whole) != nullptr) return {};
  return fmt::format("there is no built-in provider '{}'", name);
}

Result<void> read_rules(const LatticeFlags& flags, LatticeOptions& options) {
  for (const auto& key : flags.allowed_hosts) {
    if (is_host_key(key)) continue;
    return fail(ErrorCode::invalid_argument,
                fmt::format("--allowed-host {} is no public key of a host", key),
                "56 characters that begin with N");
  }
  // Rules are handed on as they are; what they mean is the host's matter (docs/security.md).
  options.allowed_hosts = flags.allowed_hosts;
  options.replay_window = std::chrono::ceil<std::chrono::seconds>(flags.replay_window);
  options.max_token_age = std::chrono::ceil<std::chrono::seconds>(flags.max_token_age);
  options.deny_unknown_origins = flags.deny_unknown_origins;
  options.redact_link_values = flags.hide_link_values;
  options.control_providers = flags.control_providers;
  options.control_builtins = flags.control_builtins;
  for (auto& name : options.control_builtins) {
    if (name.starts_with(builtin_prefix)) name.erase(0, builtin_prefix.size());
  }
  options.control_registries = flags.control_registries;
  options.link_listen = flags.link_listen;
  options.link_secrets = flags.link_secrets;
  for (const auto& folder : flags.control_files) {
    auto whole = whole_folder("--control-files", folder);
    if (!whole) return pass(whole);
    options.control_files.push_back(std::move(*whole));
  }
  for (const auto& folder : flags.link_files) {
    // Folder as it is named: links may name it so, though it leads through a symbolic link.
    if (auto there = whole_folder("--link-files", folder); !there) return pass(there);
    options.link_files.emplace_back(folder);
  }
  return {};
}

/// Connections: which servers; none when the host is to be on its own.
Result<void> read_connections(const Context& context, const LatticeFlags& flags,
                              LatticeOptions& options) {
  const bool asked = flags.lattice->count() > 0;
  const bool rpc = asked || names_server(context, flags.rpc);
  const bool control = rpc || names_server(context, flags.control);
  if (!control) return {};
  NatsOptions base;
  base.name = "trellis host";
  // --lattice URL is for both connections; options of each win over it.
  if (!flags.url.empty()) base.servers = {flags.url};
  auto made = nats_options(context, flags.rpc, base);
  if (!made) return pass(made);
  if (rpc) options.rpc = *made;
  // Control is where calls are, where nothing else is said (host.md 12.2).
  auto ours = nats_options(context, flags.control, *made);
  if (!ours) return pass(ours);
  options.control = std::move(*ours);
  return {};
}

/// Whether a word behind --lattice is its server, and not what `up` has to start.
bool is_server_name(const std::string& word) {
  if (is_server_address(word)) return true;
  constexpr std::array endings{".wasm", ".yaml", ".yml", ".json"};
  std::error_code problem;
  return !word.starts_with('-') && !word.contains('/') &&
         std::ranges::none_of(endings, [&](const char* end) { return word.ends_with(end); }) &&
         !std::filesystem::exists(word, problem);
}

}  // namespace

void add_lattice_options(Command& leaf, LatticeFlags& flags) {
  flags.lattice =
      &leaf.add_option("--lattice", flags.url,
                       "Join the lattice at this NATS URL; without one: at the server of this "
                       "machine, which is started when none answers")
           .value_optional()
           .value_when(is_server_name)
           .group(group);
  leaf.add_option("--nsprefix,--namespace", flags.ns,
                  "Namespace of the lattice [env LATTICE_NAMESPACE, WASMCLOUD_LATTICE_PREFIX]")
      .show_default("default")
      .group(group);
  add_duration(leaf, "--rpc-timeout", flags.rpc_timeout, std::chrono::milliseconds(1),
               "How long a call over the lattice may take: 500ms, 5s; a bare number: milliseconds "
               "[env RPC_TIMEOUT_MS]",
               longest_call)
      .show_default("2s")
      .group(group);
  leaf.add_option("--cache-url", flags.cache_url,
                  "NATS URL of the replicated cache, when it is another [env KVCACHE_NATS_URL]")
      .group(group);
  leaf.add_option("--cache-redis", flags.cache_redis,
                  "Keep the lattice cache in this Redis database, which all hosts of the lattice "
                  "share: redis://[[USER]:PASSWORD@]HOST[:PORT]/DATABASE, or rediss:// for TLS; "
                  "not replicated then [env KVCACHE_URL]")
      .group(group);
  add_duration(leaf, "--cache-poll", flags.cache_poll, std::chrono::seconds(1),
               "How often that database is looked at for what others wrote: 500ms, 5s; a bare "
               "number: seconds",
               cache_polls)
      .show_default(duration_text(RedisCacheOptions().poll))
      .group(group);
  leaf.add_flag("--own-cache", flags.own_cache,
                "Keep the lattice cache to this host: neither replicated nor in Redis")
      .group(group);
  leaf.add_flag("--isolate-cache", flags.isolate_cache,
                "Keep caches of other namespaces on the same server apart")
      .group(group);
  leaf.add_option("--state-dir", flags.state_dir, "Folder where links survive a stop of all hosts")
      .completes(ValueKind::folder)
      .group(group);
  leaf.add_option("--control-files", flags.control_files,
                  "Folder whose files control commands may start")
      .completes(ValueKind::folder)
      .one_each()
      .group(group);
  leaf.add_flag("--control-providers", flags.control_providers,
                "Control commands may start providers from registries, whoever signed them (with "
                "--allowed-issuer those of these issuers anyway), and built-in ones that reach "
                "files or the network")
      .group(group);
  leaf.add_option("--control-builtin", flags.control_builtins,
                  "Built-in provider that control commands may start though it reaches files or "
                  "the network: httpserver")
      .check(check_builtin, "NAME")
      .one_each()
      .group(group);
  leaf.add_option("--control-registries", flags.control_registries,
                  "Registry that control commands may have images fetched from: HOST or HOST:PORT, "
                  "* for any; those named in manifest and options anyway")
      .check(check_registry, "HOST[:PORT]")
      .one_each()
      .group(group);
  leaf.add_option("--link-files", flags.link_files,
                  "Folder below which links from the lattice may name files and folders")
      .completes(ValueKind::folder)
      .one_each()
      .group(group);
  leaf.add_option("--link-listen", flags.link_listen,
                  "Where links from the lattice may have providers listen: "
                  "ADDRESS[/BITS][:PORT[-PORT]]; any port from 1024 on as PORT anyway")
      .check(check_listen, "ADDRESS[:PORTS]")
      .one_each()
      .group(group);
  leaf.add_option("--link-secret", flags.link_secrets,
                  "Secret that links from the lattice may use (secret:NAME)")
      .one_each()
      .group(group);
  leaf.add_option("--allowed-host", flags.allowed_hosts,
                  "Public key (N…) of a host or client whose calls are taken; without any, all")
      .one_each()
      .group(group);
  add_duration(leaf, "--replay-window", flags.replay_window, std::chrono::seconds(1),
               "How long repeated calls are recognized: 60s, 5m; a bare number: seconds; 0: off",
               seconds_or_none)
      .show_default(duration_text(flags.replay_window))
      .group(group);
  add_duration(leaf, "--max-token-age", flags.max_token_age, std::chrono::seconds(1),
               "Refuse calls signed longer ago than this: 30s, 1h; a bare number: seconds; 0: any "
               "age",
               seconds_or_none)
      .show_default("0")
      .group(group);
  leaf.add_flag("--deny-unknown-origins", flags.deny_unknown_origins,
                "Refuse calls from actors whose claims are not known here")
      .group(group);
  leaf.add_flag("--hide-link-values", flags.hide_link_values,
                "Leave link values out of answers to link queries")
      .group(group);
  add_nats_options(leaf, flags.rpc,
                   {"rpc", "RPC", {}, "calls and advertisements", {}, {}, "WASMCLOUD_RPC"});
  add_nats_options(
      leaf, flags.control,
      {"control", "CONTROL", "ctl", "control interface and events", {}, {}, "WASMCLOUD_CTL"});
}

Result<LatticeSetup> lattice_setup(const Context& context, const LatticeFlags& flags) {
  LatticeSetup setup;
  auto& options = setup.options;
  const auto ns = option_or_env(context, flags.ns, "LATTICE_NAMESPACE");
  if (const auto found = ns ? ns : context.env("WASMCLOUD_LATTICE_PREFIX")) options.ns = *found;
  // Namespace is part of every subject; a bad one is told before anything is connected.
  if (auto subjects = lattice::Subjects::make(options.ns); !subjects) return pass(subjects);
  const auto timeout =
      duration_from_env(context.env, "RPC_TIMEOUT_MS", std::chrono::milliseconds(1), longest_call);
  if (!timeout) return pass(timeout);
  if (*timeout) options.rpc_timeout = **timeout;
  if (flags.rpc_timeout.count() > 0) options.rpc_timeout = flags.rpc_timeout;
  if (auto read = read_rules(flags, options); !read) return pass(read);
  if (auto read = read_connections(context, flags, options); !read) return pass(read);
  if (auto read = read_cache(context, flags, options); !read) return pass(read);
  // Server last, after everything else was read: a mistake in another option must not leave one
  // running.
  if (flags.lattice->count() > 0 && flags.url.empty()) {
    auto server = LocalNats::find_or_start(context, options.rpc->servers.front());
    if (!server) return pass(server);
    setup.server = std::move(*server);
  }
  return setup;
}

}  // namespace trellis::cli
