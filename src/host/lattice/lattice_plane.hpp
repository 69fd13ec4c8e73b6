// Everything between one host and the lattice: connections, calls in both directions,
// advertisements, events. Without connections it does nothing, and the host is on its own.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/log.hpp"
#include "base/memory_budget.hpp"
#include "host/call/remote_calls.hpp"
#include "host/lattice/advertiser.hpp"
#include "host/lattice/connection.hpp"
#include "host/lattice/event_publisher.hpp"
#include "host/lattice/shared_cache.hpp"
#include "host/lifecycle/health.hpp"
#include "host/state/entities.hpp"
#include "host/state/registry.hpp"
#include "identity/keys.hpp"
#include "lattice/anti_forgery.hpp"
#include "lattice/control/control_server.hpp"
#include "lattice/rpc/rpc_client.hpp"
#include "lattice/rpc/rpc_server.hpp"
#include "lattice/wire/subjects.hpp"
#include "threads/lane.hpp"
#include "threads/workers.hpp"
#include "trellis/lattice_options.hpp"

namespace trellis::host {

/// Makes a connection that goes on trying in the background. Errors: options that can never work.
using Connect = std::function<Result<std::unique_ptr<nats::Transport>>(const NatsOptions&, Log)>;

/// Opens what is to be the lattice's cache; it need not answer yet. Errors: options that can never
/// work.
using OpenStore =
    std::function<Result<std::unique_ptr<lattice::CacheStore>>(const RedisCacheOptions&)>;

/// Any thread, but join() and leave are called once, in this order.
class LatticePlane final : public RemoteCalls {
 public:
  LatticePlane(LatticeOptions options, std::chrono::milliseconds call_timeout,
               const identity::KeyPair& key, std::shared_ptr<const Clock> clock,
               std::shared_ptr<MemoryBudget> memory, Connect connect, OpenStore open_store,
               Log log);
  ~LatticePlane() override;

  /// Connects and subscribes. A server that is away is no error: the host joins when it comes.
  /// `control` carries out commands of the lattice and lives as long as this.
  [[nodiscard]] Result<void> join(Registry& registry, const ArrivingCalls& calls,
                                  lattice::ControlTarget& control);
  /// Everything is there: tells the lattice, and takes commands from now on.
  [[nodiscard]] Result<void> started();
  /// After a health round.
  void heartbeat(const HealthMonitor& health);
  /// Takes no commands and calls any more, and finishes those that were routed here.
  void begin_to_leave(SteadyTime deadline);
  /// Says good-bye and closes the connections. Everything has stopped by now.
  void leave(SteadyTime deadline);

  [[nodiscard]] Result<Bytes> call(const Call& call) const override;

  // What happens here, and what others must know of it. Order as in host.md 7.1 and 8.1.
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
  /// What came of a link. Waits at most as long as the connection does.
  void link_outcome(const LinkOutcome& outcome);
  void link_set(const Link& link);
  void link_removed(const Link& key);

  [[nodiscard]] LatticeInfo info() const;
  /// The public key the lattice knows for an image reference.
  [[nodiscard]] std::optional<std::string> key_of_reference(std::string_view reference) const;

 private:
  /// The RPC plane, there when a connection is configured.
  struct Rpc;

  [[nodiscard]] Result<std::unique_ptr<Connection>> connect(const NatsOptions& options,
                                                            std::string label);
  [[nodiscard]] Result<void> join_rpc();
  [[nodiscard]] Result<void> post(Workers& workers, Held kind, std::function<void()> job,
                                  std::string_view owner, std::size_t bytes);
  void wait_for_servers();
  void resync();
  void publish_claims(const actor::Actor& actor);
  void remember(const std::string& source, const std::string& key);
  void tell(lattice::LatticeEvent event);
  void take_link(Link link);
  void take_removal(const Link& key);
  void take_claims(const identity::ActorClaims& claims);
  void take_change(const lattice::EntryChange& change);
  [[nodiscard]] Result<void> join_cache();
  [[nodiscard]] Result<Bytes> execute(const lattice::Invocation& call, SteadyTime arrived) const;

  const LatticeOptions options_;
  const std::chrono::milliseconds call_timeout_;
  const identity::KeyPair& key_;
  const std::shared_ptr<const Clock> clock_;
  const std::shared_ptr<MemoryBudget> memory_;
  const Connect connect_;
  const OpenStore open_store_;
  const Log log_;
  Registry* registry_ = nullptr;
  const ArrivingCalls* calls_ = nullptr;
  std::optional<lattice::Subjects> subjects_;
  std::unique_ptr<Lane> lane_;
  Workers callers_;   ///< runs calls that arrive: a flood of them delays nothing else
  Workers requests_;  ///< answers the control interface
  Workers commands_;  ///< what it orders
  std::unique_ptr<SharedCache> cache_;
  std::unique_ptr<Connection> rpc_connection_;
  std::unique_ptr<Connection> control_connection_;
  std::unique_ptr<Rpc> rpc_;
  std::unique_ptr<EventPublisher> events_;
  lattice::ControlTarget* control_ = nullptr;
  std::unique_ptr<lattice::ControlServer> control_server_;
};

}  // namespace trellis::host
