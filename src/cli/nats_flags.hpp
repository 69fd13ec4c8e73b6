// Options of one connection to NATS, the same for hosts and tools (host.md 12.1, 12.3).
#pragma once

#include <string>

#include "cli/command.hpp"
#include "trellis/lattice_options.hpp"

namespace trellis::cli {

/// Names of one connection's options: with `option` "rpc" and `variable` "RPC" there are --rpc-host
/// and RPC_HOST, and so on.
struct NatsFlagNames {
  std::string option;
  std::string variable;
  std::string also;              ///< a second name of the same: "ctl" beside "control"; or nothing
  std::string purpose;           ///< "calls and advertisements"
  std::string host_option = {};  ///< instead of --rpc-host, with a short form: "-r,--rpc-host"
  std::string port_option = {};
  std::string first_variable = {};  ///< wins over `variable`, when not empty (cli.md 11)
};

/// As given on the command line; empty means: not given.
struct NatsFlags {
  NatsFlagNames names;
  std::string host;
  std::string port;
  std::string jwt;
  std::string seed;
  std::string creds_file;
  std::string user;
  std::string password;
  std::string token;
  std::string inbox_prefix;
  std::string ca_file;
  std::string cert_file;
  std::string key_file;
  bool tls = false;

  /// Whether the command line has one of them.
  [[nodiscard]] bool any() const;
};

void add_nats_options(Command& leaf, NatsFlags& flags, NatsFlagNames names);

/// Whether an option or variable names a server.
[[nodiscard]] bool names_server(const Context& context, const NatsFlags& flags);

/// Whether an option or variable names a server or says how to log in.
[[nodiscard]] bool names_connection(const Context& context, const NatsFlags& flags);

/// Flags over variables over `base`. Where they say how to log in, nothing of the login in `base`
/// is left: NatsOptions ranks the ways, and another connection's could win. An address is a host
/// (with --…-port), HOST:PORT or a URL. JWT and seed may be files or the text itself. Errors never
/// quote a secret.
[[nodiscard]] Result<NatsOptions> nats_options(const Context& context, const NatsFlags& flags,
                                               const NatsOptions& base);

}  // namespace trellis::cli
