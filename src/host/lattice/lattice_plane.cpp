#include "host/lattice/lattice_plane.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/limits.hpp"
#include "host/state/names.hpp"

namespace trellis::host {
namespace {

constexpr std::string_view extras_contract = "wasmcloud:extras";

lattice::Entity entity_of(const ProviderEntry& provider) {
  return lattice::Entity::provider(provider.key, provider.description.contract_id,
                                   provider.link_name);
}

/// Revisions as the event has them, without a sign.
lattice::event::ActorUpdate update_of(const actor::Actor& before, const actor::Actor& now) {
  return {before.key(), static_cast<std::uint32_t>(before.identity().revision),
          static_cast<std::uint32_t>(now.identity().revision)};
}

/// Every host has extras of its own, so nobody is served by another's (lattice.md 1.3).
bool stays_inside(const ProviderEntry& provider) {
  return provider.description.contract_id == extras_contract;
}

}  // namespace

LatticePlane::LatticePlane(Parts parts)
    : parts_(std::move(parts)),
      log_(parts_.log),
      callers_(limits::lattice_callers, parts_.memory, Held::calls) {}

LatticePlane::~LatticePlane() {
  // Patience is over by now: whoever wanted an orderly end has called both already, and then
  // nothing is left to be done here.
  begin_to_leave(parts_.clock->steady());
  leave(parts_.clock->steady());
}

// --- joining and leaving -------------------------------------------------------------------------

Result<void> LatticePlane::join() {
  const auto& options = parts_.options;
  auto subjects = lattice::Subjects::make(options.ns);
  if (!subjects) return pass(subjects);
  subjects_ = std::move(*subjects);
  const auto cache = replicator_options(options.cache, options.ns);
  subjects_->reserve(cache.events_subject);
  subjects_->reserve(cache.replay_subject);
  const bool alone =
      !options.rpc && !options.control && !options.cache.nats && !options.cache.redis;
  // Host without connections has links that outlive it, at most, and needs none of the rest.
  if (alone && options.cache.state_dir.empty()) return {};
  executor_ =
      std::make_unique<SerialExecutor>(std::min(limits::serial_bytes, parts_.memory->limit() / 8));
  // Cache first, because the sinks of the RPC side write to it.
  if (auto opened = open_cache(); !opened) return opened;
  if (auto opened = open_rpc(); !opened) return opened;
  if (auto opened = open_control(); !opened) return opened;
  // First of all, so that what arrives afterwards meets a host that knows its lattice
  // (host.md 2.2).
  cache_->join();
  if (rpc_) {
    if (auto begun = rpc_->begin(); !begun) return begun;
  }
  wait_for_servers();
  return {};
}

Result<std::unique_ptr<Connection>> LatticePlane::connect(NatsOptions options,
                                                          std::string label) const {
  auto transport = parts_.connect(options, log_.with_target("nats"));
  if (!transport) {
    transport.error().message.insert(0, label + ": ");
    return pass(transport);
  }
  return std::make_unique<Connection>(std::move(*transport), std::move(label), *executor_,
                                      log_.with_target("lattice"));
}

Result<std::unique_ptr<Connection>> LatticePlane::connect_without_echo(const NatsOptions& options,
                                                                       std::string label) const {
  auto own = options;
  own.echo = false;
  return connect(std::move(own), std::move(label));
}

Result<void> LatticePlane::open_cache() {
  const auto& options = parts_.options.cache;
  if (options.nats && options.redis) {
    return fail(ErrorCode::invalid_argument,
                "the lattice cache is to be replicated and in Redis at once",
                "leave out CacheOptions::nats or CacheOptions::redis");
  }
  std::unique_ptr<Connection> connection;
  if (options.nats) {
    auto made = connect_without_echo(*options.nats, "lattice cache");
    if (!made) return pass(made);
    connection = std::move(*made);
  }
  std::unique_ptr<CacheStore> store;
  if (options.redis) {
    // Opener comes from the embedder, so that only programs that use Redis have its client in them.
    if (!parts_.open_cache) {
      return fail(ErrorCode::unsupported,
                  "this host has nothing that opens a lattice cache in Redis",
                  "set HostOptions::open_cache: trellis::open_redis_cache (trellis/builtins.hpp)");
    }
    auto opened = parts_.open_cache(*options.redis);
    if (!opened) return pass(opened);
    store = std::move(*opened);
  }
  cache_ = std::make_unique<CacheSide>(CacheSide::Parts{
      options, parts_.options.ns, std::move(connection), std::move(store), parts_.registry,
      *executor_, callers_.workers(), parts_.clock, parts_.memory, log_.with_target("lattice")});
  return {};
}

Result<void> LatticePlane::open_rpc() {
  if (!parts_.options.rpc) return {};
  auto connection = connect_without_echo(*parts_.options.rpc, "lattice RPC");
  if (!connection) return pass(connection);
  rpc_ = std::make_unique<RpcSide>(
      RpcSide::Parts{parts_.options,
                     parts_.call_timeout,
                     std::move(*connection),
                     *subjects_,
                     parts_.key,
                     parts_.clock,
                     random_,
                     parts_.calls,
                     parts_.registry,
                     *executor_,
                     callers_,
                     {[this](Link link) { cache_->take_link(std::move(link)); },
                      [this](const Link& key) { cache_->take_removal(key); },
                      [this](const identity::ActorClaims& claims) { cache_->take_claims(claims); }},
                     log_.with_target("lattice")});
  return {};
}

Result<void> LatticePlane::open_control() {
  if (!parts_.options.control) return {};
  auto connection = connect(*parts_.options.control, "lattice control");
  if (!connection) return pass(connection);
  control_ = std::make_unique<ControlSide>(
      ControlSide::Parts{std::move(*connection), *subjects_, parts_.key.public_key().text(),
                         parts_.clock, random_, parts_.memory, parts_.control, log_});
  return {};
}

void LatticePlane::wait_for_servers() {
  // Patience is one for all: servers that are away must not add up.
  const auto patience = parts_.clock->steady() + limits::lattice_patience;
  for (auto* connection :
       {rpc_ ? &rpc_->connection() : nullptr, control_ ? &control_->connection() : nullptr}) {
    if (connection == nullptr || connection->wait(patience)) continue;
    log_.warn("no NATS server answers yet; the host starts on its own and joins when one comes");
  }
}

Result<void> LatticePlane::started() {
  tell({lattice::event::HostStarted{}});
  if (!control_) return {};
  return control_->take_commands();
}

void LatticePlane::begin_to_leave(SteadyTime deadline) {
  // Commands first: one that comes now would start what is about to be stopped.
  if (control_) control_->refuse_commands(deadline);
  if (rpc_) rpc_->stop(deadline);
}

void LatticePlane::leave(SteadyTime deadline) {
  // HostStopped goes out while there is a connection. Cache, callers and executor end last: what
  // the connections still bring is handed to them.
  tell({lattice::event::HostStopped{}});
  if (control_) control_->close(deadline);
  if (rpc_) {
    auto& connection = rpc_->connection();
    if (connection.up()) static_cast<void>(connection.transport().flush(deadline));
    connection.close();
  }
  if (cache_) cache_->stop(deadline);
  callers_.stop();
  if (executor_) executor_->stop();
}

// --- calls ---------------------------------------------------------------------------------------

Result<Bytes> LatticePlane::call(const Call& call) const {
  // Extras are part of every host, so that no call for them leaves one (lattice.md 4.2).
  if (!rpc_ || call.target.contract_id == extras_contract) return NoRemoteCalls().call(call);
  return rpc_->call(call);
}

// --- what happens here ---------------------------------------------------------------------------

void LatticePlane::tell(lattice::LatticeEvent event) {
  if (control_) control_->tell(std::move(event));
}

void LatticePlane::heartbeat(const HealthOf& health) {
  if (control_) control_->heartbeat(*parts_.registry.tables().read(), health);
}

void LatticePlane::publish_claims(const actor::Actor& actor) {
  if (cache_) cache_->actor_known(actor);
  if (rpc_) rpc_->advertiser().claims(actor.claims());
}

void LatticePlane::remember(const std::string& source, const std::string& key) {
  if (cache_) cache_->remember(source, key);
}

void LatticePlane::actor_started(const actor::Actor& actor) {
  // Order of lattice.md 1.7: subscribed and confirmed by the server, then claims, then the event. A
  // peer that reacts to the event can call at once.
  if (rpc_) rpc_->serve(lattice::Entity::actor(actor.key()));
  publish_claims(actor);
  tell({lattice::event::ActorStarted{actor.key(), image_reference(actor.options().source)}});
  remember(actor.options().source, actor.key());
}

void LatticePlane::actor_updating(const actor::Actor& before, const actor::Actor& next) {
  tell({lattice::event::ActorUpdateBegan{update_of(before, next)}});
}

void LatticePlane::actor_updated(const actor::Actor& before, const actor::Actor& now) {
  // Claims follow the swap and are told once; first-party hosts tell them twice, the first time
  // before they have verified anything (host.md 7.4).
  publish_claims(now);
  remember(now.options().source, now.key());
  tell({lattice::event::ActorUpdateCompleted{update_of(before, now)}});
}

// First step of a stop: no more calls are taken while the actor can still answer those that have
// come (host.md 7.3).
void LatticePlane::actor_stopping(std::string_view key, SteadyTime deadline) {
  if (rpc_) rpc_->stop_serving(lattice::Entity::actor(key), deadline);
}

void LatticePlane::actor_stopped(std::string_view key) {
  tell({lattice::event::ActorStopped{std::string(key)}});
}

void LatticePlane::provider_started(const ProviderEntry& provider) {
  if (stays_inside(provider)) return;  // part of every host: no event either (lattice.md 7.4)
  if (rpc_) rpc_->serve(entity_of(provider));
  provider_back(provider);
  remember(provider.source, provider.key);
}

void LatticePlane::provider_stopping(const ProviderEntry& provider, SteadyTime deadline) {
  if (rpc_) rpc_->stop_serving(entity_of(provider), deadline);
}

void LatticePlane::provider_stopped(const ProviderEntry& provider) {
  if (stays_inside(provider)) return;
  tell({lattice::event::ProviderStopped{provider.description.contract_id, provider.link_name,
                                        provider.key}});
}

// Peers see the provider stop and start. It stays subscribed: calls that come meanwhile are
// answered with an error, which is more than silence.
void LatticePlane::provider_lost(const ProviderEntry& provider, const std::string& why) {
  log_.warn("provider {} ({}) {}", provider.key, provider.link_name, why);
  provider_stopped(provider);
}

void LatticePlane::provider_back(const ProviderEntry& provider) {
  if (stays_inside(provider)) return;
  tell({lattice::event::ProviderStarted{provider.description.contract_id, provider.link_name,
                                        provider.key, image_reference(provider.source)}});
}

void LatticePlane::link_outcome(const LinkOutcome& outcome) {
  if (control_ && outcome.link.contract_id != extras_contract) control_->tell_of_link(outcome);
}

void LatticePlane::link_set(const Link& link) {
  // Cache, then advertisement, as in first-party hosts (lattice.md 6.1).
  if (cache_) cache_->link_set(link);
  if (rpc_) rpc_->advertiser().link(link);
}

void LatticePlane::link_removed(const Link& key) {
  if (cache_) cache_->link_removed(key);
  if (rpc_) rpc_->advertiser().removal(key);
}

LatticeInfo LatticePlane::info() const {
  LatticeInfo info;
  info.ns = parts_.options.ns;
  info.links_refused = parts_.registry.refused_links();
  if (cache_) cache_->describe(info);
  if (rpc_) rpc_->describe(info);
  if (control_) control_->describe(info);
  return info;
}

std::optional<std::string> LatticePlane::key_of_reference(std::string_view reference) const {
  return cache_ ? cache_->key_of_reference(reference) : std::nullopt;
}

}  // namespace trellis::host
