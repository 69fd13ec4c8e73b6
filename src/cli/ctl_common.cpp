#include "cli/ctl_common.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <tuple>
#include <vector>

#include "base/text.hpp"
#include "cli/host_client.hpp"

namespace trellis::cli {
namespace {

constexpr double longest_s = 86'400;

std::chrono::milliseconds to_ms(double seconds, std::chrono::milliseconds otherwise) {
  if (seconds <= 0) return otherwise;
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

/// A variable in units of `unit_s` seconds. Nothing when it is unset.
Result<std::optional<double>> seconds_from_env(const Context& context, const char* variable,
                                               double unit_s) {
  const auto text = context.env(variable);
  if (!text) return std::optional<double>();
  char* end = nullptr;
  const auto value = std::strtod(text->c_str(), &end) * unit_s;
  if (*end == '\0' && value > 0 && value <= longest_s) return std::optional<double>(value);
  return fail(ErrorCode::invalid_argument,
              fmt::format("{} is '{}'", variable, replace_bad_utf8(*text)),
              unit_s < 1 ? "milliseconds above 0" : "seconds above 0");
}

/// The variables of later tools win over those of this generation's (cli.md 11).
Result<void> read_timeouts(const Context& context, const CtlFlags& flags, ClientOptions& options) {
  const auto calls_ms = seconds_from_env(context, "WASMCLOUD_RPC_TIMEOUT_MS", 0.001);
  if (!calls_ms) return std::unexpected(calls_ms.error());
  const auto calls = seconds_from_env(context, "WASH_RPC_TIMEOUT", 1);
  if (!calls) return std::unexpected(calls.error());
  const auto control_ms = seconds_from_env(context, "WASMCLOUD_CTL_TIMEOUT_MS", 0.001);
  if (!control_ms) return std::unexpected(control_ms.error());
  const auto or_env = [](double given, std::optional<double> variable) {
    return given > 0 ? given : variable.value_or(0);
  };
  const auto call_s = or_env(flags.rpc_timeout_s, *calls_ms ? *calls_ms : *calls);
  options.rpc_timeout = to_ms(call_s, options.rpc_timeout);
  options.control_timeout = to_ms(or_env(flags.timeout_s, *control_ms), options.control_timeout);
  options.window = to_ms(flags.timeout_s, options.window);
  return {};
}

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

/// Options and variables of where the lattice is; timeouts are not among them.
Result<ClientOptions> connection_options(const Context& context,
                                         const LatticeConnection& connection) {
  ClientOptions made;
  const auto ns = option_or_env(context, connection.ns, "WASMCLOUD_LATTICE_PREFIX");
  if (const auto found = ns ? ns : context.env("WASH_RPC_NSPREFIX")) made.ns = *found;
  auto rpc = nats_options(context, connection.rpc, NatsOptions{});
  if (!rpc) return pass(rpc);
  auto control = nats_options(context, connection.control, *rpc);
  if (!control) return pass(control);
  if (!same_connection(*rpc, *control)) made.control = std::move(*control);
  made.rpc = std::move(*rpc);
  return made;
}

}  // namespace

void add_lattice_connection(Command& leaf, LatticeConnection& connection) {
  add_nats_options(
      leaf, connection.rpc,
      {"rpc", "WASH_RPC", "the lattice", "-r,--rpc-host", "-p,--rpc-port", "WASMCLOUD_RPC"});
  connection.host_option = &leaf.option("--rpc-host");
  connection.port_option = &leaf.option("--rpc-port");
  add_nats_options(
      leaf, connection.control,
      {"ctl", "WASH_CTL", "the control interface, when it is another", {}, {}, "WASMCLOUD_CTL"});
  leaf.add_option("-n,--ns-prefix,--namespace", connection.ns,
                  "Namespace of the lattice [env WASMCLOUD_LATTICE_PREFIX, WASH_RPC_NSPREFIX]")
      .show_default("default");
}

void add_ctl_options(Command& leaf, CtlFlags& flags) {
  add_lattice_connection(leaf, flags.connection);
  leaf.add_option("--timeout", flags.timeout_s,
                  "Seconds to wait for the answer of one host (2) [env WASMCLOUD_CTL_TIMEOUT_MS], "
                  "or of all hosts (1)")
      .range(0.001, longest_s);
  leaf.add_option("-t,--rpc-timeout", flags.rpc_timeout_s,
                  "Seconds a call may take, 2 unless given [env WASMCLOUD_RPC_TIMEOUT_MS, "
                  "WASH_RPC_TIMEOUT]")
      .range(0.001, longest_s);
}

Result<ClientOptions> client_options(const Context& context, const CtlFlags& flags) {
  auto options = connection_options(context, flags.connection);
  if (!options) return options;
  if (auto read = read_timeouts(context, flags, *options); !read) return pass(read);
  return options;
}

Result<std::unique_ptr<Client>> connect_lattice(const Context& context, const CtlFlags& flags) {
  const auto options = client_options(context, flags);
  if (!options) return std::unexpected(options.error());
  return Client::connect(*options);
}

std::string reference_of(const std::string& word) {
  std::error_code problem;
  return std::filesystem::is_regular_file(word, problem) ? absolute_path(word) : word;
}

Result<Bytes> call_over_lattice(const Context& context, const LatticeConnection& connection,
                                const CallData& data, std::chrono::milliseconds timeout) {
  const auto payload = call_payload(data);
  if (!payload) return payload;
  auto options = connection_options(context, connection);
  if (!options) return pass(options);
  auto client = Client::connect(*options);
  if (!client) return pass(client);
  const auto key = (*client)->resolve_actor(data.actor);
  if (!key) return std::unexpected(key.error());
  return (*client)->call(*key, data.operation, *payload, timeout);
}

void add_ctl(Command& app, Context& context) {
  auto& ctl = app.add_subcommand("ctl", "Look at a lattice over NATS and steer it");
  ctl.require_subcommand();
  add_ctl_get(ctl, context);
  add_ctl_start(ctl, context);
  add_ctl_stop(ctl, context);
  add_ctl_update(ctl, context);
  add_ctl_scale(ctl, context);
  add_ctl_link(ctl, context);
  add_ctl_call(ctl, context);
  add_ctl_watch(ctl, context);
}

}  // namespace trellis::cli
