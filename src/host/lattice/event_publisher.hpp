// Events that this host tells about itself, on the events subject (lattice.md 7).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/log.hpp"
#include "base/rate_limited_log.hpp"
#include "host/call/entities.hpp"
#include "host/call/tables.hpp"
#include "lattice/wire/events.hpp"
#include "lattice/wire/subjects.hpp"
#include "nats/transport.hpp"
#include "trellis/clock.hpp"

namespace trellis::host {

/// How something that runs here is.
using HealthOf = std::function<Health(EntityId)>;

/// Any thread. Events are told once and not kept: while the server is away nobody hears them.
class EventPublisher {
 public:
  EventPublisher(nats::Transport& transport, const lattice::Subjects& subjects, std::string host_id,
                 std::shared_ptr<const Clock> clock, Log log);

  void publish(lattice::LatticeEvent event);
  /// Health of everything that runs here, and claims: those of local actors first, then others as
  /// far as they fit (7.3).
  void heartbeat(const Tables& tables, const HealthOf& health);

 private:
  enum class LogReason { unsent, count };

  nats::Transport& transport_;
  const lattice::Subjects& subjects_;
  const std::string host_id_;
  const std::shared_ptr<const Clock> clock_;
  RateLimitedLog<LogReason> limited_log_;
};

/// The image reference of an event: only what came from a registry has one.
[[nodiscard]] std::optional<std::string> image_reference(const std::string& source);

}  // namespace trellis::host
