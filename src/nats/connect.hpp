// A transport over NATS.
#pragma once

#include <memory>
#include <string>

#include "base/descriptors.hpp"
#include "base/log.hpp"
#include "nats/transport.hpp"
#include "trellis/clock.hpp"
#include "trellis/nats_options.hpp"
#include "trellis/result.hpp"

namespace trellis::nats {

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
/// `clock` measures: how long a connection lasted, how closely messages follow, what is said of the
/// same in the log. Deadlines are those of the system. `use`: those of the host itself may take
/// descriptors that links leave.
///
/// Errors, all with a remedy: invalid_argument (addresses, credentials, TLS settings) and those of
/// reading files. A server that is away is none; it is logged.
///
/// Threads, each per transport: one for connecting, one per connection that reads and runs the
/// handlers that are direct, one for other handlers, one for the deadlines of requests; the last
/// two start when they are needed.
[[nodiscard]] Result<std::unique_ptr<Transport>> connect_nats(
    const NatsOptions& options, Log log,
    std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>(),
    DescriptorUse use = DescriptorUse::link);

}  // namespace trellis::nats
