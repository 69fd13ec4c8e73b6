// Everything between one host and the lattice: it opens the connections, and passes on what happens
// here to the sides that others hear of it through. Without connections it does nothing, and the
// host is on its own.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/log.hpp"
#include "base/memory_budget.hpp"
#include "base/random.hpp"
#include "host/call/entities.hpp"
#include "host/call/remote_calls.hpp"
#include "host/lattice/cache_side.hpp"
#include "host/lattice/charged_workers.hpp"
#include "host/lattice/connection.hpp"
#include "host/lattice/control_side.hpp"
#include "host/lattice/rpc_side.hpp"
#include "host/state/registry.hpp"
#include "identity/keys.hpp"
#include "lattice/control/control_target.hpp"
#include "lattice/wire/subjects.hpp"
#include "threads/serial_executor.hpp"
#include "trellis/cache_store.hpp"
#include "trellis/lattice_options.hpp"

namespace trellis::host {

/// Makes a connection that goes on trying in the background. Errors: options that can never work.
using Connect = std::function<Result<std::unique_ptr<nats::Transport>>(const NatsOptions&, Log)>;

/// Any thread, but join() and leave are called once, in this order.
class LatticePlane final : public RemoteCalls {
 public:
  /// Parts it is made from. The references outlive it.
  struct Parts {
    LatticeOptions options;
    std::chrono::milliseconds call_timeout;  ///< of calls that arrive
    const identity::KeyPair& key;
    std::shared_ptr<const Clock> clock;
    std::shared_ptr<MemoryBudget> memory;
    Connect connect;
    OpenCacheStore open_cache;
    Registry& registry;
    const ArrivingCalls& calls;       ///< takes calls of others; from join() on
    lattice::ControlTarget& control;  ///< carries out their commands
    Log log;
  };
  explicit LatticePlane(Parts parts);
  ~LatticePlane() override;

  /// Connects and subscribes. A server that is away is no error: the host joins when it comes.
  [[nodiscard]] Result<void> join();
  /// Everything is there: tells the lattice, and takes commands from now on.
  [[nodiscard]] Result<void> started();
  /// After a health round.
  void heartbeat(const HealthOf& health);
  /// Takes no commands and calls any more, and finishes those that were routed here.
  void begin_to_leave(SteadyTime deadline);
  /// Says good-bye and closes the connections. Everything has stopped by now.
  void leave(SteadyTime deadline);

  [[nodiscard]] Result<Bytes> call(const Call& call) const override;

  // Changes on this host that others must know of. Order as in host.md 7.1 and 8.1.
  void actor_started(const actor::Actor& actor);
  void actor_updating(const actor::Actor& before, const actor::Actor& next);
  void actor_updated(const actor::Actor& before, const actor::Actor& now);
  /// Before it is removed: calls that were routed here are finished, others go elsewhere.
  void actor_stopping(std::string_view key, SteadyTime deadline);
  void actor_stopped(std::string_view key);
  void provider_started(const ProviderEntry& provider);
  void provider_stopping(const ProviderEntry& provider, SteadyTime deadline);
  void provider_stopped(const ProviderEntry& provider);
  /// Its process has ended; it is started again.
  void provider_lost(const ProviderEntry& provider, const std::string& why);
  void provider_back(const ProviderEntry& provider);
  /// Outcome of a link. Waits at most as long as the connection does.
  void link_outcome(const LinkOutcome& outcome);
  void link_set(const Link& link);
  void link_removed(const Link& key);

  [[nodiscard]] LatticeInfo info() const;
  /// The public key the lattice knows for an image reference.
  [[nodiscard]] std::optional<std::string> key_of_reference(std::string_view reference) const;

 private:
  [[nodiscard]] Result<std::unique_ptr<Connection>> connect(NatsOptions options,
                                                            std::string label) const;
  /// `echo` false: what this host tells it has applied already (lattice.md 6.4).
  [[nodiscard]] Result<std::unique_ptr<Connection>> connect_without_echo(const NatsOptions& options,
                                                                         std::string label) const;
  [[nodiscard]] Result<void> open_cache();
  [[nodiscard]] Result<void> open_rpc();
  [[nodiscard]] Result<void> open_control();
  void wait_for_servers();
  void publish_claims(const actor::Actor& actor);
  void remember(const std::string& source, const std::string& key);
  void tell(lattice::LatticeEvent event);

  const Parts parts_;
  SystemRandom random_;
  const Log log_;
  std::optional<lattice::Subjects> subjects_;
  std::unique_ptr<SerialExecutor> executor_;
  ChargedWorkers callers_;  ///< run calls that arrive: a flood of them delays nothing else
  // As far as they are configured. Opened by join() before anything comes from any of them, and not
  // changed again.
  std::unique_ptr<CacheSide> cache_;
  std::unique_ptr<RpcSide> rpc_;
  std::unique_ptr<ControlSide> control_;
};

}  // namespace trellis::host
