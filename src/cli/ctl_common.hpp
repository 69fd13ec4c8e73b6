// Connection options of the `trellis ctl` commands: how they reach a lattice, and how long they
// wait (cli.md 6).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "cli/call_data.hpp"
#include "cli/nats_flags.hpp"
#include "cli/wait_flags.hpp"
#include "trellis/client.hpp"

namespace trellis::cli {

/// Where a lattice is.
struct LatticeConnection {
  NatsFlags rpc;
  NatsFlags control;
  std::string ns;
  std::string context;  ///< --context; empty: that in use
  const Option* host_option = nullptr;
  const Option* port_option = nullptr;

  /// Whether the command line says anything about a lattice.
  [[nodiscard]] bool chosen() const {
    return host_option->count() > 0 || port_option->count() > 0 || !context.empty() ||
           !ns.empty() || rpc.any() || control.any();
  }
};

/// Options of a connection; `with_context`: --context too.
void add_lattice_connection(Command& leaf, LatticeConnection& connection, bool with_context = true);

/// Connection that options and variables say, whatever context is in use.
[[nodiscard]] Result<ClientOptions> connection_of_options(const Context& context,
                                                          const LatticeConnection& connection);

struct CtlFlags {
  LatticeConnection connection;
  std::chrono::milliseconds timeout{0};      ///< 0: not given
  std::chrono::milliseconds rpc_timeout{0};  ///< 0: not given
  WaitFlags wait;
};

/// Connection options and --timeout.
void add_ctl_options(Command& leaf, CtlFlags& flags);

/// Options of a client as command line and variables say. Errors: invalid_argument, naming the
/// variable or option.
[[nodiscard]] Result<ClientOptions> client_options(const Context& context, const CtlFlags& flags);
/// Connects, with the remedy in the error when nobody is there.
[[nodiscard]] Result<std::unique_ptr<Client>> connect_lattice(const Context& context,
                                                              const CtlFlags& flags);

/// A file of this machine as a whole path, everything else as it is: the host may be on this
/// machine, but its working folder is another.
[[nodiscard]] std::string reference_of(const std::string& word);

[[nodiscard]] Result<Bytes> call_over_lattice(const Context& context,
                                              const LatticeConnection& connection,
                                              const CallData& data,
                                              std::optional<std::chrono::milliseconds> timeout);

void add_ctl_call(Command& ctl, Context& context);

}  // namespace trellis::cli
