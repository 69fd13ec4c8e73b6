// The lattice's transport over NATS.
#pragma once

#include <memory>
#include <string>

#include "base/log.hpp"
#include "lattice/transport.hpp"
#include "trellis/lattice_options.hpp"
#include "trellis/result.hpp"

namespace trellis::lattice::nats {

/// A transport that keeps itself connected for ever: the first attempt is waited for (bounded by
/// the connect timeout), later ones run in the background with growing, jittered pauses, and every
/// connection gets all subscriptions again. So success does not mean connected: see state(), and
/// on_state_change(), which is not called for `closed`. A server that refuses the credentials
/// leaves the state at `disconnected`; a credentials file is read again for each attempt.
///
/// Nothing is sent late: what is published while no server is there fails, and messages that had
/// arrived but still waited for their handler when the connection broke are gone, as NATS allows.
/// An answer that arrives over a later connection, in time, still answers its request.
///
/// Errors, all with a remedy: invalid_argument (addresses, credentials, TLS settings) and those of
/// reading files. A server that is away is none; it is logged.
///
/// Threads: one of ours per transport for connecting, one more once requests are made (deadlines);
/// messages of all transports are delivered on limits::nats_delivery_threads threads of nats.c,
/// which stay for the life of the process.
[[nodiscard]] Result<std::unique_ptr<Transport>> connect_nats(const NatsOptions& options, Log log);

/// Name and version of the library below: "nats.c 3.4.1". Any thread.
[[nodiscard]] std::string library_version();

}  // namespace trellis::lattice::nats
