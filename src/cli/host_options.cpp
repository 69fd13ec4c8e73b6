// Options of hosts, shared by `up` and `dev`, and the HostOptions they become. Checks that need
// nothing but the text are made while the command line is read, so that they are usage errors.
#include "cli/host_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <system_error>

#include "base/limits.hpp"
#include "base/log_sinks.hpp"
#include "base/memory_budget.hpp"
#include "base/sizes.hpp"
#include "base/text.hpp"
#include "cli/byte_sizes.hpp"
#include "cli/folders.hpp"
#include "cli/machine_name.hpp"
#include "cli/secrets.hpp"
#include "client/names.hpp"
#include "identity/keys.hpp"
#include "trellis/builtins.hpp"

namespace trellis::cli {
namespace {

constexpr unsigned longest_interval_s = 86'400;

std::string check_label(const std::string& label) {
  const auto equals = label.find('=');
  // One way to say the name, which is checked more strictly than a label.
  if (label.substr(0, equals) == client::host_name_label) {
    return fmt::format("{} is the host's name: give it with --name", client::host_name_label);
  }
  if (equals != std::string::npos && equals > 0) return {};
  return fmt::format("'{}' is no KEY=VALUE", label);
}

// Account keys only: a key of another kind would never match, and the host would run nothing
// without saying why.
std::string check_issuer(const std::string& key) {
  const auto parsed = identity::PublicKey::parse(key);
  if (parsed && parsed->type() == identity::KeyType::account) return {};
  return fmt::format(
      "'{}' is no account's public key: 56 characters that begin with A; `trellis keys list` and "
      "`trellis claims inspect` show them",
      excerpt(key));
}

/// Log filter: our own variable must be right; RUST_LOG may be meant for another program.
Result<LogFilter> log_filter(const Context& context, const HostFlags& flags,
                             const std::string& default_level) {
  if (const auto given = option_or_env(context, flags.log_level, "TRELLIS_LOG")) {
    return LogFilter::parse(*given);
  }
  if (const auto rust = context.env("RUST_LOG")) {
    if (auto filter = LogFilter::parse(*rust)) return filter;
  }
  return LogFilter::parse(default_level);
}

/// Health interval; 0 and nothing mean the default (host.md 10).
Result<std::chrono::milliseconds> health_interval(const Context& context) {
  const auto text = context.env("HEARTBEAT_INTERVAL_S");
  const auto usual = HostOptions{}.health_interval;
  if (!text) return usual;
  unsigned seconds = 0;
  const auto* end = text->data() + text->size();
  const auto [at, problem] = std::from_chars(text->data(), end, seconds);
  if (problem != std::errc() || at != end || seconds > longest_interval_s) {
    return fail(ErrorCode::invalid_argument, fmt::format("HEARTBEAT_INTERVAL_S is '{}'", *text),
                fmt::format("whole seconds, 1 to {}", longest_interval_s));
  }
  return seconds == 0 ? usual : std::chrono::seconds(seconds);
}

// User and password have no options, as in first-party hosts (host.md 12.1): command lines are
// visible to every user of the machine.
void add_registry_flags(Command& leaf, HostFlags& flags) {
  const auto* group =
      "Registries (user and password: env OCI_REGISTRY_USER, OCI_REGISTRY_PASSWORD; docker login)";
  leaf.add_flag("--allow-oci-latest", flags.allow_latest, "Permit images with the tag latest")
      .group(group);
  leaf.add_option("--allowed-insecure", flags.insecure,
                  "Registry spoken to over plain HTTP: HOST or HOST:PORT")
      .group(group);
  leaf.add_option(
          "--registry-user-for", flags.credentials_for,
          "Registry, or its token server, that user and password are for; without any, all, "
          "in a lattice those that the manifest names")
      .one_each()
      .group(group);
  leaf.add_option("--registry-ca-file", flags.registry_ca,
                  "PEM file of authorities trusted besides the system's")
      .existing_file()
      .group(group);
  leaf.add_option("--cache", flags.cache,
                  "Folder for downloads and unpacked libraries (default ~/.cache/trellis; of a "
                  "service $CACHE_DIRECTORY)")
      .completes(ValueKind::folder)
      .group(group);
  add_size(leaf, "--cache-size", flags.cache_size,
           "How much that folder may hold, what is in use aside; what was used longest ago goes "
           "after each fetch (default 4GiB)")
      .group(group);
  leaf.add_flag("--offline", flags.offline, "Use what is in that folder and ask no registry")
      .group(group);
}

RegistryOptions registry_options(const Context& context, const HostFlags& flags) {
  RegistryOptions made;
  made.cache_folder =
      flags.cache.empty() ? folders(context.env).cache : std::filesystem::path(flags.cache);
  made.insecure = flags.insecure;
  made.credentials_for = flags.credentials_for;
  made.ca_file = flags.registry_ca;
  made.allow_latest = flags.allow_latest;
  made.offline = flags.offline;
  // Zero means the default to the host; a user who gives 0 wants nothing kept.
  if (flags.cache_size) made.cache_bytes = std::max<std::uint64_t>(*flags.cache_size, 1);
  if (const auto docker = folders(context.env).docker_config; !docker.empty()) {
    made.docker_config = docker / "config.json";
  }
  const auto user = context.env("OCI_REGISTRY_USER");
  const auto password = context.env("OCI_REGISTRY_PASSWORD");
  // Both or none: half a login is no login.
  if (user && password) {
    made.user = *user;
    made.password = *password;
  }
  return made;
}

}  // namespace

void add_log_options(Command& leaf, HostFlags& flags) {
  leaf.add_option("--log-level", flags.log_level,
                  "trace, debug, info, warn, error or off, or info,actor=debug "
                  "[env TRELLIS_LOG, RUST_LOG]");
  leaf.add_option("--log-format", flags.log_format, "Form of the log on standard error")
      .one_of({"text", "json"});
}

void add_host_options(Command& leaf, HostFlags& flags) {
  leaf.add_option("--name", flags.name,
                  "Name of the host, for --host and tables (default: as the machine)")
      .check(check_host_name, "NAME");
  leaf.add_option("-l,--label", flags.labels, "Label of the host: KEY=VALUE")
      .check(check_label, "KEY=VALUE")
      .one_each();
  leaf.add_option("--allowed-issuer", flags.allowed_issuers,
                  "Account key whose actors may run; without any, every account's")
      .check(check_issuer, "ACCOUNT")
      .one_each();
  leaf.add_flag("--allow-live-updates", flags.live_updates, "Allow replacing running actors");
  leaf.add_flag("--disable-strict-update-check", flags.any_capabilities,
                "Replacements may have other capabilities");
  leaf.add_option("--health-addr", flags.health_address,
                  "Loopback address for /livez and /readyz: 127.0.0.1:PORT");
  leaf.add_option(
          "--provider-mode", flags.provider_mode,
          "Where providers run: in-process, in supervised processes, or auto (built-in ones "
          "in-process, files in processes)")
      .one_of({"auto", "in-process", "process"});
  leaf.add_option("--provider-memory-mb", flags.provider_memory_mb,
                  "Memory of one provider's process (default 1024)")
      .range(16, 1 << 20);
  leaf.add_option("--memory-budget-mb", flags.memory_budget_mb,
                  "Memory for what the host keeps for others: HTTP bodies, waiting calls, what the "
                  "lattice tells (default a quarter of the machine's, 64 to 1024)")
      .range(16, 1 << 20);
  leaf.add_option("--secrets-dir", flags.secrets_dir,
                  "Folder with a file for each secret that link values name (secret:NAME); of a "
                  "service $CREDENTIALS_DIRECTORY")
      .existing_folder();
  add_socket_options(leaf, flags.socket);
  add_registry_flags(leaf, flags);
  add_log_options(leaf, flags);
}

Result<LocalHostOptions> host_options(const Context& context, const HostFlags& flags,
                                      const std::string& default_level) {
  auto socket = socket_options(context, flags.socket);
  if (!socket) return pass(socket);
  LocalHostOptions made{
      .host = {}, .health_address = flags.health_address, .socket = std::move(*socket)};
  made.host.memory = std::make_shared<MemoryBudget>(
      flags.memory_budget_mb == 0 ? usual_memory_budget() : mebibytes(flags.memory_budget_mb));
  if (auto name = host_name(flags.name, context.machine()); !name.empty()) {
    made.host.labels.try_emplace(std::string(client::host_name_label), std::move(name));
  }
  for (const auto& label : flags.labels) {
    const auto equals = label.find('=');
    // try_emplace: of two labels with one key the first stays.
    made.host.labels.try_emplace(label.substr(0, equals), label.substr(equals + 1));
  }
  made.host.allowed_issuers = flags.allowed_issuers;
  made.host.live_updates = flags.live_updates;
  made.host.strict_update_check = !flags.any_capabilities;
  // Built-in providers are handed over here: the host's own library knows none of them.
  made.host.builtins = builtin_providers();
  // Given as a function: the library of the host knows no Redis.
  made.host.open_cache = open_redis_cache;
  made.host.provider_mode = provider_mode_of(flags.provider_mode).value_or(ProviderMode::automatic);
  // Process of a provider is this program again, as a hidden command.
  made.host.provider_process.program = own_program();
  made.host.provider_process.memory_mb = flags.provider_memory_mb;
  made.host.secrets =
      secret_source(context, flags.secrets_dir.empty() ? folders(context.env).credentials
                                                       : std::filesystem::path(flags.secrets_dir));
  made.host.registry = registry_options(context, flags);
  const auto interval = health_interval(context);
  if (!interval) return pass(interval);
  made.host.health_interval = *interval;
  const auto filter = log_filter(context, flags, default_level);
  if (!filter) return pass(filter);
  auto sink =
      // The sink decides by itself whether standard error is a terminal.
      make_log_sink({.format = flags.log_format == "json" ? LogFormat::json : LogFormat::text,
                     .filter = *filter,
                     .file = {},
                     .colour = LogColour::automatic,
                     .local_time = flags.local_time},
                    std::make_shared<SystemClock>());
  if (!sink) return pass(sink);
  made.host.log = std::move(*sink);
  return made;
}

}  // namespace trellis::cli
