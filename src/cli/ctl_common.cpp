#include "cli/ctl_common.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <tuple>
#include <vector>

#include "cli/contexts.hpp"
#include "cli/durations.hpp"
#include "cli/host_client.hpp"
#include "cli/topics.hpp"

namespace trellis::cli {
namespace {

/// Timeouts: options, then variables, of which those of later tools win over those of this
/// generation's (cli.md 11).
Result<void> read_timeouts(const Context& context, const CtlFlags& flags, ClientOptions& options) {
  using std::chrono::milliseconds;
  const auto calls_ms = duration_from_env(context.env, "WASMCLOUD_RPC_TIMEOUT_MS", milliseconds(1));
  if (!calls_ms) return pass(calls_ms);
  const auto calls = duration_from_env(context.env, "WASH_RPC_TIMEOUT", std::chrono::seconds(1));
  if (!calls) return pass(calls);
  const auto control = duration_from_env(context.env, "WASMCLOUD_CTL_TIMEOUT_MS", milliseconds(1));
  if (!control) return pass(control);
  const auto first = [](milliseconds given, std::optional<milliseconds> variable,
                        milliseconds otherwise) {
    return given.count() > 0 ? given : variable.value_or(otherwise);
  };
  options.rpc_timeout =
      first(flags.rpc_timeout, *calls_ms ? *calls_ms : *calls, options.rpc_timeout);
  options.control_timeout = first(flags.timeout, *control, options.control_timeout);
  // Window in which several hosts may answer: it always ends by this time, so that a variable made
  // for single answers does not slow every listing.
  options.window = first(flags.timeout, std::nullopt, options.window);
  return {};
}

// Whether two connections are one, and need not be made twice. Fields that decide where and as whom
// one is connected.
bool same_tls(const NatsTls& a, const NatsTls& b) {
  const auto all = [](const NatsTls& tls) {
    return std::tie(tls.required, tls.ca_file, tls.cert_file, tls.key_file, tls.skip_verification);
  };
  return all(a) == all(b);
}

bool same_connection(const NatsOptions& a, const NatsOptions& b) {
  const auto all = [](const NatsOptions& nats) {
    return std::tie(nats.servers, nats.jwt, nats.seed, nats.creds_file, nats.user, nats.password,
                    nats.token);
  };
  return all(a) == all(b) && same_tls(a.tls, b.tls);
}

/// Context that was asked for, or the one in use where nothing else says where the lattice is.
Result<std::optional<SavedContext>> context_of(const Context& context,
                                               const LatticeConnection& connection) {
  const ContextStore store(context);
  auto name = option_or_env(context, connection.context, "TRELLIS_CONTEXT");
  if (!name) {
    // Server that is named is the one that is meant: mixing its address with a context's login
    // would send secrets to a stranger.
    if (context.env("NATS_URL") || names_connection(context, connection.rpc) ||
        names_connection(context, connection.control)) {
      return std::optional<SavedContext>();
    }
    auto used = store.in_use();
    if (!used) return pass(used);
    name = std::move(*used);
  }
  if (!name) return std::optional<SavedContext>();
  auto saved = store.load(*name);
  if (!saved) return pass(saved);
  tell(context, "context " + *name);
  return std::optional(std::move(*saved));
}

/// Connection by options over variables over `base`. Each setting on its own, so that one option
/// changes one thing of a context.
Result<ClientOptions> connection_over(const Context& context, const LatticeConnection& connection,
                                      const SavedContext& base) {
  ClientOptions made;
  made.ns = base.ns;
  if (const auto ns = option_or_env(context, connection.ns, "WASMCLOUD_LATTICE_PREFIX")) {
    made.ns = *ns;
  } else if (const auto old = context.env("WASH_RPC_NSPREFIX")) {
    made.ns = *old;
  } else if (const auto older = context.env("WASH_CTL_NSPREFIX")) {
    made.ns = *older;
  }
  auto rpc = nats_options(context, connection.rpc, base.rpc);
  if (!rpc) return pass(rpc);
  // Control without settings of its own is the RPC connection (host.md 12.2).
  auto control = nats_options(context, connection.control, base.control ? *base.control : *rpc);
  if (!control) return pass(control);
  if (!same_connection(*rpc, *control)) made.control = std::move(*control);
  made.rpc = std::move(*rpc);
  return made;
}

/// Connection with its context, without timeouts, which are not part of one.
Result<ClientOptions> connection_options(const Context& context,
                                         const LatticeConnection& connection) {
  const auto saved = context_of(context, connection);
  if (!saved) return pass(saved);
  if (!*saved) return connection_of_options(context, connection);
  return connection_over(context, connection, **saved);
}

// Told with --verbose before it is tried: a connection that hangs is named then.
Result<std::unique_ptr<Client>> connect_client(const Context& context,
                                               const ClientOptions& options) {
  for (const auto& url : options.rpc.servers) {
    tell(context, fmt::format("lattice {} at {}", options.ns, without_login(url)));
  }
  if (options.control) {
    for (const auto& url : options.control->servers) {
      tell(context, fmt::format("control interface at {}", without_login(url)));
    }
  }
  return Client::connect(options);
}

}  // namespace

Result<ClientOptions> connection_of_options(const Context& context,
                                            const LatticeConnection& connection) {
  SavedContext base;
  auto urls = urls_of(context.env("NATS_URL").value_or(""));
  if (!urls.empty()) base.rpc.servers = std::move(urls);
  return connection_over(context, connection, base);
}

void add_lattice_connection(Command& leaf, LatticeConnection& connection, bool with_context) {
  add_nats_options(
      leaf, connection.rpc,
      {"rpc", "WASH_RPC", {}, "the lattice", "-r,--rpc-host", "-p,--rpc-port", "WASMCLOUD_RPC"});
  connection.host_option = &leaf.option("--rpc-host");
  connection.port_option = &leaf.option("--rpc-port");
  add_nats_options(leaf, connection.control,
                   {"ctl",
                    "WASH_CTL",
                    "control",
                    "the control interface, when it is another",
                    {},
                    {},
                    "WASMCLOUD_CTL"});
  leaf.add_option("-n,--ns-prefix,--namespace", connection.ns,
                  "Namespace of the lattice [env WASMCLOUD_LATTICE_PREFIX, WASH_RPC_NSPREFIX, "
                  "WASH_CTL_NSPREFIX]")
      .show_default("default")
      .group(where_group);
  if (!with_context) return;
  leaf.add_option("--context", connection.context,
                  "Connection kept by `trellis ctx`, or nats:NAME for one of the nats tool [env "
                  "TRELLIS_CONTEXT]")
      .group(where_group);
}

void add_ctl_options(Command& leaf, CtlFlags& flags) {
  add_lattice_connection(leaf, flags.connection);
  add_duration(leaf, "--timeout", flags.timeout, std::chrono::seconds(1),
               "How long to wait for the answer of one host (2s) [env WASMCLOUD_CTL_TIMEOUT_MS], "
               "or of all hosts (1s): 500ms, 5s; a bare number: seconds")
      .group(where_group);
  add_duration(leaf, "-t,--rpc-timeout", flags.rpc_timeout, std::chrono::seconds(1),
               "How long a call may take, 2s unless given; a bare number: seconds [env "
               "WASMCLOUD_RPC_TIMEOUT_MS, WASH_RPC_TIMEOUT]")
      .group(where_group);
}

Result<ClientOptions> client_options(const Context& context, const CtlFlags& flags) {
  auto options = connection_options(context, flags.connection);
  if (!options) return options;
  if (auto read = read_timeouts(context, flags, *options); !read) return pass(read);
  return options;
}

Result<std::unique_ptr<Client>> connect_lattice(const Context& context, const CtlFlags& flags) {
  const auto options = client_options(context, flags);
  if (!options) return pass(options);
  return connect_client(context, *options);
}

std::string reference_of(const std::string& word) {
  std::error_code problem;
  // Whole path, since hosts stand in other folders.
  return std::filesystem::is_regular_file(word, problem) ? absolute_path(word) : word;
}

Result<Bytes> call_over_lattice(const Context& context, const LatticeConnection& connection,
                                const CallData& data,
                                std::optional<std::chrono::milliseconds> timeout) {
  const auto payload = call_payload(data);
  if (!payload) return payload;
  auto options = connection_options(context, connection);
  if (!options) return pass(options);
  auto client = connect_client(context, *options);
  if (!client) return pass(client);
  const auto key = (*client)->resolve_actor(data.actor);
  if (!key) return pass(key);
  return (*client)->call(*key, call_operation(data), *payload, timeout);
}

}  // namespace trellis::cli
