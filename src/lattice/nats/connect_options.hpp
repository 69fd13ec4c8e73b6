// NatsOptions as nats.c wants them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lattice/nats/credentials.hpp"
#include "lattice/nats/library.hpp"
#include "lattice/nats/server_url.hpp"
#include "trellis/lattice_options.hpp"

namespace trellis::lattice::nats {

/// Everything one transport connects with, again and again. One thread at a time.
struct ConnectOptions {
  std::vector<ServerUrl> servers;    ///< as configured
  std::vector<std::string> learned;  ///< further members of a cluster, told by its servers
  std::unique_ptr<Credentials> credentials;
  OptionsPtr library;
  std::string inbox_prefix;

  /// Reconnecting is left to us: nats.c 3.4 gives up for good when it is refused twice or is sent
  /// an error it does not know, and what is published meanwhile it sends later.
  /// Errors: invalid_argument and those of reading files, with a remedy.
  [[nodiscard]] static Result<ConnectOptions> make(const NatsOptions& options);

  /// Names configured and learned servers to the library.
  [[nodiscard]] natsStatus set_servers();
};

/// The failure of an attempt to connect: which server, why, and what to do.
[[nodiscard]] Error connect_error(natsStatus status, const ConnectOptions& options);

/// Whether the server refused who we say we are.
[[nodiscard]] bool is_rejection(natsStatus status) noexcept;

}  // namespace trellis::lattice::nats
