// One start of a host: everything that lives from start() to stop().
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "actor/wait_graph.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/redactor.hpp"
#include "host/call/provider_link.hpp"
#include "host/lattice/host_control.hpp"
#include "host/lattice/lattice_plane.hpp"
#include "host/lifecycle/binder.hpp"
#include "host/lifecycle/health.hpp"
#include "host/state/labels.hpp"
#include "host/state/modules.hpp"
#include "host/state/naming_sink.hpp"
#include "host/state/packages.hpp"
#include "host/state/registry.hpp"
#include "identity/claims.hpp"
#include "identity/keys.hpp"
#include "threads/guest_thread_pool.hpp"
#include "trellis/host.hpp"

namespace trellis::host {

class Router;

/// The way to NATS servers.
[[nodiscard]] Connect nats_connections();

/// Any thread. The host facade keeps it alive while calls are under way.
class HostRuntime final : public ControlledHost {
 public:
  /// Without `labels` they are those of the options. `connect` reaches message servers.
  HostRuntime(const HostOptions& options, std::shared_ptr<EngineRuntime> engine,
              std::shared_ptr<const LabelBook> labels = nullptr,
              Connect connect = nats_connections());
  ~HostRuntime() override;
  HostRuntime(const HostRuntime&) = delete;
  HostRuntime& operator=(const HostRuntime&) = delete;

  [[nodiscard]] const std::string& id() const noexcept override { return id_; }
  [[nodiscard]] std::chrono::seconds uptime() const override;
  [[nodiscard]] Labels labels() const override { return labels_->all(); }
  [[nodiscard]] const HostOptions& options() const noexcept override { return options_; }
  /// Starts what every host has and joins the lattice. Call once, first.
  [[nodiscard]] Result<void> start();
  void stop();

  [[nodiscard]] Result<std::string> start_actor(ByteView module, const ActorOptions& options);
  [[nodiscard]] Result<std::string> start_actor_from(std::string_view reference,
                                                     ActorOptions options) override;
  [[nodiscard]] Result<void> update_actor_from(std::string_view key,
                                               std::string_view reference) override;
  [[nodiscard]] Result<void> stop_actor(std::string_view key_or_source) override;
  [[nodiscard]] Result<void> update_actor(std::string_view key, ByteView module,
                                          std::string source);
  /// How many instances are kept ready, and how many there may be; nothing leaves it as it is.
  /// Calls under way finish on the instances of before.
  [[nodiscard]] Result<void> scale_actor(std::string_view key, std::optional<std::size_t> minimum,
                                         std::optional<std::size_t> maximum) override;

  [[nodiscard]] Result<std::string> start_provider(std::string_view reference,
                                                   const ProviderOptions& options) override;
  [[nodiscard]] Result<std::string> start_provider(std::shared_ptr<const provider::Plugin> plugin,
                                                   std::string source, std::string_view link_name);
  [[nodiscard]] Result<void> stop_provider(std::string_view key_or_reference,
                                           std::string_view contract_id,
                                           std::string_view link_name) override;

  [[nodiscard]] Result<ActorPreview> inspect_actor(std::string_view reference);
  [[nodiscard]] Result<ProviderPreview> inspect_provider(std::string_view reference,
                                                         ProviderMode mode);

  [[nodiscard]] Result<void> set_link(Link link);
  [[nodiscard]] Result<void> remove_link(std::string_view actor, std::string_view contract,
                                         std::string_view link_name);
  [[nodiscard]] Result<Bytes> call_actor(std::string_view target, std::string_view operation,
                                         ByteView payload,
                                         std::optional<std::chrono::milliseconds> timeout);

  /// The key behind a built-in name, a source or a key; what is not known comes back as it is.
  [[nodiscard]] std::string provider_key_of(std::string_view key_or_reference) const override;
  [[nodiscard]] std::optional<std::string> key_of_reference(
      std::string_view reference) const override {
    return plane_.key_of_reference(reference);
  }
  [[nodiscard]] const Router& router() const noexcept { return *router_; }
  [[nodiscard]] Registry& registry() noexcept { return registry_; }
  [[nodiscard]] const Registry& registry() const noexcept override { return registry_; }
  [[nodiscard]] Binder& binder() noexcept { return binder_; }
  [[nodiscard]] HealthMonitor& health() noexcept { return health_; }
  [[nodiscard]] std::vector<ActorInfo> actors() const override;
  [[nodiscard]] std::vector<ProviderInfo> providers() const override;
  [[nodiscard]] MemoryInfo memory() const;
  [[nodiscard]] LatticePlane& plane() noexcept { return plane_; }
  [[nodiscard]] Packages& packages() noexcept { return packages_; }
  [[nodiscard]] const Packages& packages() const noexcept override { return packages_; }

 private:
  [[nodiscard]] Result<std::shared_ptr<actor::Actor>> make_actor(ByteView module,
                                                                 identity::ActorClaims claims,
                                                                 const ActorOptions& options);
  [[nodiscard]] actor::PoolLimits pool_limits(const ActorIdentity& identity,
                                              const ActorOptions& options) const;
  [[nodiscard]] Result<identity::ActorClaims> admit(ByteView module) const;
  [[nodiscard]] bool authorizer_allows_load(const ActorIdentity& identity) const;
  [[nodiscard]] Result<std::shared_ptr<actor::Actor>> assemble(
      std::shared_ptr<const wapc::GuestModule> module, identity::ActorClaims claims,
      const ActorOptions& options);
  [[nodiscard]] ProviderInfo cache_entry() const;
  void retire(actor::Actor& actor, SteadyTime deadline);
  /// The way of the lattice to the router, which is made after it.
  struct Arriving final : ArrivingCalls {
    explicit Arriving(const HostRuntime& owner) noexcept : runtime(owner) {}
    [[nodiscard]] Result<Bytes> from_lattice(const EntityRef& origin, const EntityRef& target,
                                             std::string_view operation, ByteView payload,
                                             SteadyTime deadline) const override;
    const HostRuntime& runtime;
  };
  /// Code behind a reference, and the claims it is signed with.
  struct ProviderCode {
    std::shared_ptr<const provider::Plugin> plugin;
    std::optional<identity::ProviderClaims> claims;
    package::CacheHold hold = {};
  };
  [[nodiscard]] Result<ProviderCode> find_code(std::string_view reference, ProviderMode mode);
  [[nodiscard]] Result<std::shared_ptr<const provider::Plugin>> open_library(
      std::string_view reference, const std::filesystem::path& file, ProviderMode mode) const;
  [[nodiscard]] Result<std::string> start_provider(ProviderCode code, std::string source,
                                                   const ProviderOptions& how);
  /// Event in the life of a provider's process. On a thread of its supervisor.
  void process_event(const std::weak_ptr<ProviderEntry>& provider, provider::ProcessEvent event,
                     const std::string& why);
  void stop_provider_instance(const ProviderEntry& entry, SteadyTime deadline);
  void stop_all_providers(SteadyTime deadline);
  void stop_all_actors(SteadyTime deadline);
  [[nodiscard]] EntityId next_id() noexcept { return next_id_.fetch_add(1); }

  const std::shared_ptr<Redactor> redactor_;  ///< knows every secret that was resolved
  const std::shared_ptr<NameBook> names_;     ///< for log lines
  const HostOptions options_;
  const std::shared_ptr<EngineRuntime> engine_;
  const std::shared_ptr<const LabelBook> labels_;
  const Log log_;
  const identity::KeyPair key_;  ///< made at this start, never stored; signs what leaves
  const std::string id_;
  const WallTime started_;
  std::atomic<EntityId> next_id_{1};
  actor::WaitGraph waits_;
  ModuleCache modules_;
  Packages packages_;
  GuestThreadPool workers_;
  Binder binder_;
  Registry registry_;
  HostControl control_;
  const Arriving arriving_;
  LatticePlane plane_;
  const std::unique_ptr<const Router>
      router_;  ///< known by name only: it changes often, and much includes this
  HealthMonitor health_;
  std::atomic<bool> stopped_{false};
};

}  // namespace trellis::host
