// Commands, questions and events of the lattice on this host, over one connection (lattice.md 5,
// 7).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/log.hpp"
#include "base/memory_budget.hpp"
#include "base/random.hpp"
#include "host/lattice/charged_workers.hpp"
#include "host/lattice/connection.hpp"
#include "host/lattice/event_publisher.hpp"
#include "host/state/bindings.hpp"
#include "lattice/control/control_server.hpp"
#include "lattice/wire/subjects.hpp"
#include "threads/guest_thread_pool.hpp"

namespace trellis::host {

/// Any thread; take_commands(), refuse_commands() and close() are called once each, in this order.
class ControlSide {
 public:
  /// Parts it is made from. The references outlive it.
  struct Parts {
    std::unique_ptr<Connection> connection;
    const lattice::Subjects& subjects;
    std::string host_id;
    std::shared_ptr<const Clock> clock;
    Random& random;
    std::shared_ptr<MemoryBudget> memory;
    lattice::ControlTarget& target;
    Log log;
  };
  explicit ControlSide(Parts parts);
  ~ControlSide();

  /// Events can be told before.
  [[nodiscard]] Result<void> take_commands();
  void tell(lattice::LatticeEvent event) { events_->publish(std::move(event)); }
  void heartbeat(const Tables& tables, const HealthOf& health) {
    events_->heartbeat(tables, health);
  }
  /// Outcome of a link. Waits at most as long as the connection does.
  void tell_of_link(const LinkOutcome& outcome);
  [[nodiscard]] Connection& connection() noexcept { return *connection_; }
  void refuse_commands(SteadyTime deadline);
  /// Sends what was told, and ends the connection.
  void close(SteadyTime deadline);
  /// Adds what concerns the control interface.
  void describe(LatticeInfo& info) const;

 private:
  const std::unique_ptr<Connection> connection_;
  const lattice::Subjects& subjects_;
  const std::string host_id_;
  const std::shared_ptr<const Clock> clock_;
  Random& random_;
  lattice::ControlTarget& target_;
  const Log log_;
  ChargedWorkers requests_;   ///< answer the control interface
  GuestThreadPool commands_;  ///< what it orders
  std::unique_ptr<EventPublisher> events_;
  std::unique_ptr<lattice::ControlServer> server_;
};

}  // namespace trellis::host
