#include "host/lattice/lattice_plane.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/limits.hpp"
#include "host/state/names.hpp"

namespace trellis::host {
namespace {

constexpr std::string_view extras_contract = "wasmcloud:extras";

lattice::Entity to_entity(const EntityRef& of) {
  if (!of.is_provider()) return lattice::Entity::actor(of.key);
  return lattice::Entity::provider(of.key, of.contract_id, of.link_name);
}

EntityRef to_ref(const lattice::Entity& entity) {
  const auto* provider = entity.capability();
  if (provider == nullptr) return {entity.key(), {}, {}};
  return {provider->id, provider->contract_id, provider->link_name};
}

lattice::Entity entity_of(const ProviderEntry& provider) {
  return lattice::Entity::provider(provider.key, provider.description.contract_id,
                                   provider.link_name);
}

lattice::event::ActorUpdate update_of(const actor::Actor& before, const actor::Actor& now) {
  return {before.key(), static_cast<std::uint32_t>(before.identity().revision),
          static_cast<std::uint32_t>(now.identity().revision)};
}

ConnectionState state_of(Connection* connection) {
  if (connection == nullptr) return ConnectionState::none;
  switch (connection->transport().state()) {
    case nats::TransportState::connecting: return ConnectionState::connecting;
    case nats::TransportState::connected: return ConnectionState::connected;
    default: return ConnectionState::disconnected;
  }
}

ConnectionState state_of(const lattice::CacheMirror& mirror) {
  switch (mirror.state()) {
    case lattice::CacheMirror::State::connecting: return ConnectionState::connecting;
    case lattice::CacheMirror::State::connected: return ConnectionState::connected;
    default: return ConnectionState::disconnected;
  }
}

/// Every host has extras of its own, so nobody is served by another's (lattice.md 1.3).
bool stays_inside(const ProviderEntry& provider) {
  return provider.description.contract_id == extras_contract;
}

}  // namespace

struct LatticePlane::Rpc {
  Rpc(LatticePlane& plane, nats::Transport& transport)
      : verifier({plane.options_.allowed_hosts, plane.options_.max_token_age,
                  plane.options_.replay_window, plane.options_.replay_capacity},
                 plane.clock_),
        client(transport, *plane.subjects_, plane.key_, *plane.clock_, plane.options_.rpc_timeout),
        server(
            transport, *plane.subjects_, verifier,
            [&plane](std::function<void()> job, const std::string& entity, std::size_t bytes) {
              return plane.post(plane.callers_, Held::calls, std::move(job), entity, bytes);
            },
            [&plane](const lattice::Invocation& call, SteadyTime arrived) {
              return plane.execute(call, arrived);
            },
            plane.options_.rpc_timeout, plane.log_.with_target("lattice")),
        advertiser(transport, *plane.subjects_, *plane.lane_,
                   {[&plane](Link link) { plane.take_link(std::move(link)); },
                    [&plane](const Link& key) { plane.take_removal(key); },
                    [&plane](const identity::ActorClaims& claims) { plane.take_claims(claims); }},
                   plane.log_.with_target("lattice")) {}

  const lattice::CallVerifier verifier;
  lattice::RpcClient client;
  lattice::RpcServer server;
  Advertiser advertiser;
};

LatticePlane::LatticePlane(LatticeOptions options, std::chrono::milliseconds call_timeout,
                           const identity::KeyPair& key, std::shared_ptr<const Clock> clock,
                           std::shared_ptr<MemoryBudget> memory, Connect connect,
                           OpenStore open_store, Log log)
    : options_(std::move(options)),
      call_timeout_(call_timeout),
      key_(key),
      clock_(std::move(clock)),
      memory_(std::move(memory)),
      connect_(std::move(connect)),
      open_store_(std::move(open_store)),
      log_(std::move(log)),
      callers_(limits::lattice_callers),
      requests_(limits::control_workers),
      commands_(limits::control_workers) {}

LatticePlane::~LatticePlane() {
  begin_to_leave(std::chrono::steady_clock::now());
  leave(std::chrono::steady_clock::now());
}

Result<std::unique_ptr<Connection>> LatticePlane::connect(const NatsOptions& options,
                                                          std::string label) {
  auto transport = connect_(options, log_.with_target("nats"));
  if (!transport) {
    transport.error().message.insert(0, label + ": ");
    return pass(transport);
  }
  return std::make_unique<Connection>(std::move(*transport), std::move(label), *lane_,
                                      log_.with_target("lattice"));
}

Result<void> LatticePlane::join(Registry& registry, const ArrivingCalls& calls,
                                lattice::ControlTarget& control) {
  registry_ = &registry;
  control_ = &control;
  calls_ = &calls;
  auto subjects = lattice::Subjects::make(options_.ns);
  if (!subjects) return pass(subjects);
  subjects_ = std::move(*subjects);
  const auto cache = replicator_options(options_.cache, options_.ns);
  subjects_->reserve(cache.events_subject);
  subjects_->reserve(cache.replay_subject);
  const bool alone =
      !options_.rpc && !options_.control && !options_.cache.nats && !options_.cache.redis;
  if (alone && options_.cache.state_dir.empty()) return {};
  lane_ = std::make_unique<Lane>(std::min(limits::lane_bytes, memory_->limit() / 8));
  if (auto joined = join_cache(); !joined) return joined;
  if (options_.rpc) {
    auto own = *options_.rpc;
    own.echo = false;  // what this host advertises it has applied already (lattice.md 6.4)
    auto made = connect(own, "lattice RPC");
    if (!made) return pass(made);
    rpc_connection_ = std::move(*made);
  }
  if (options_.control) {
    auto made = connect(*options_.control, "lattice control");
    if (!made) return pass(made);
    control_connection_ = std::move(*made);
    control_connection_->watch({});
    events_ = std::make_unique<EventPublisher>(control_connection_->transport(), *subjects_,
                                               key_.public_key().text(), clock_,
                                               log_.with_target("lattice"));
  }
  if (rpc_connection_) {
    if (auto joined = join_rpc(); !joined) return joined;
  }
  wait_for_servers();
  return {};
}

// First of all, so that what arrives afterwards meets a host that knows its lattice (host.md 2.2).
Result<void> LatticePlane::join_cache() {
  std::unique_ptr<Connection> connection;
  if (options_.cache.nats) {
    auto own = *options_.cache.nats;
    own.echo = false;
    auto made = connect(own, "lattice cache");
    if (!made) return pass(made);
    connection = std::move(*made);
  }
  std::unique_ptr<lattice::CacheStore> store;
  if (options_.cache.redis) {
    if (connection) {
      return fail(ErrorCode::invalid_argument,
                  "the lattice cache is to be replicated and in Redis at once",
                  "leave out CacheOptions::nats or CacheOptions::redis");
    }
    auto opened = open_store_(*options_.cache.redis);
    if (!opened) return pass(opened);
    store = std::move(*opened);
  }
  cache_ = std::make_unique<SharedCache>(
      options_.cache, options_.ns, std::move(connection), std::move(store), *lane_, callers_,
      clock_, memory_, [this](const lattice::EntryChange& change) { take_change(change); },
      log_.with_target("lattice"));
  for (const auto& link : cache_->load_own_links()) registry_->vouch_for(link);
  cache_->join(std::chrono::steady_clock::now() + limits::lattice_patience);
  lane_->settle(std::chrono::steady_clock::now() + limits::lattice_patience);
  return {};
}

Result<void> LatticePlane::join_rpc() {
  rpc_ = std::make_unique<Rpc>(*this, rpc_connection_->transport());
  if (auto subscribed = rpc_->advertiser.subscribe(); !subscribed) return subscribed;
  rpc_connection_->watch([this] { resync(); });
  return {};
}

void LatticePlane::wait_for_servers() {
  const auto patience = std::chrono::steady_clock::now() + limits::lattice_patience;
  for (auto* connection : {rpc_connection_.get(), control_connection_.get()}) {
    if (connection == nullptr || connection->wait(patience)) continue;
    log_.warn("no NATS server answers yet; the host starts on its own and joins when one comes");
  }
}

// After a connection was made again: others may have missed what happened meanwhile.
void LatticePlane::resync() {
  registry_->tables().read()->actors.for_each([&](std::string_view, const auto& entry) {
    rpc_->advertiser.claims(entry->actor->claims());
  });
  rpc_->advertiser.resend();
}

void LatticePlane::begin_to_leave(SteadyTime deadline) {
  if (control_server_) control_server_->stop(deadline);
  if (rpc_) {
    rpc_->advertiser.stop();
    rpc_->server.stop(deadline);
  }
}

void LatticePlane::leave(SteadyTime deadline) {
  tell({lattice::event::HostStopped{}});
  events_.reset();
  for (auto* connection : {control_connection_.get(), rpc_connection_.get()}) {
    if (connection == nullptr) continue;
    if (connection->up()) static_cast<void>(connection->transport().flush(deadline));
    connection->close();
  }
  if (cache_) cache_->stop(deadline);
  requests_.stop();
  commands_.stop();
  callers_.stop();
  if (lane_) lane_->stop();
}

Result<Bytes> LatticePlane::call(const Call& call) const {
  if (!rpc_ || call.target.contract_id == extras_contract) return NoRemoteCalls().call(call);
  return rpc_->client.call(to_entity(call.origin), to_entity(call.target), call.operation,
                           call.payload, call.context.deadline);
}

Result<Bytes> LatticePlane::execute(const lattice::Invocation& call, SteadyTime arrived) const {
  return calls_->from_lattice(to_ref(call.origin), to_ref(call.target), call.operation, call.msg,
                              arrived + call_timeout_);
}

void LatticePlane::actor_started(const actor::Actor& actor) {
  if (rpc_) {
    auto served = rpc_->server.serve(lattice::Entity::actor(actor.key()),
                                     std::chrono::steady_clock::now() + limits::lattice_confirm);
    if (!served) {
      log_.warn("actor {} is not served to the lattice: {}", actor.key(), served.error().message);
    }
  }
  publish_claims(actor);
  tell({lattice::event::ActorStarted{actor.key(), image_reference(actor.options().source)}});
  remember(actor.options().source, actor.key());
}

void LatticePlane::actor_updating(const actor::Actor& before, const actor::Actor& next) {
  tell({lattice::event::ActorUpdateBegan{update_of(before, next)}});
}

void LatticePlane::actor_updated(const actor::Actor& before, const actor::Actor& now) {
  publish_claims(now);
  remember(now.options().source, now.key());
  tell({lattice::event::ActorUpdateCompleted{update_of(before, now)}});
}

void LatticePlane::tell(lattice::LatticeEvent event) {
  if (events_) events_->publish(std::move(event));
}

/// The charge lasts until the job has run.
Result<void> LatticePlane::post(Workers& workers, Held kind, std::function<void()> job,
                                std::string_view owner, std::size_t bytes) {
  auto charge = MemoryCharge::of(memory_, kind, bytes + limits::queued_job_bytes);
  if (!charge) return pass(charge);
  const auto held = std::make_shared<MemoryCharge>(std::move(*charge));
  return workers.post([job = std::move(job), held] { job(); }, {.owner = owner, .bytes = bytes});
}

Result<void> LatticePlane::started() {
  tell({lattice::event::HostStarted{}});
  if (!control_connection_) return {};
  control_server_ = std::make_unique<lattice::ControlServer>(
      control_connection_->transport(), *subjects_, key_.public_key().text(), *control_,
      lattice::ControlServer::Executors{
          [this](std::function<void()> job, std::size_t bytes) {
            return post(requests_, Held::control, std::move(job), {}, bytes);
          },
          [this](std::function<void()> job) { return commands_.post(std::move(job)); }},
      log_.with_target("control"));
  return control_server_->subscribe();
}

void LatticePlane::heartbeat(const HealthMonitor& health) {
  if (events_) events_->heartbeat(*registry_->tables().read(), health);
}

void LatticePlane::publish_claims(const actor::Actor& actor) {
  if (cache_) {
    const auto& alias = actor.identity().call_alias;
    const auto tables = registry_->tables().read();
    const auto* owner = alias.empty() ? nullptr : tables->aliases.find(alias);
    const bool owned = owner != nullptr && *owner == actor.key();
    cache_->actor_started(actor.claims(), owned ? alias : std::string());
  }
  if (rpc_) rpc_->advertiser.claims(actor.claims());
}

void LatticePlane::actor_stopping(std::string_view key, SteadyTime deadline) {
  if (rpc_) rpc_->server.stop_serving(lattice::Entity::actor(key), deadline);
}

void LatticePlane::actor_stopped(std::string_view key) {
  tell({lattice::event::ActorStopped{std::string(key)}});
}

/// Everybody may name it by its image from now on (identity.md 6.6).
void LatticePlane::remember(const std::string& source, const std::string& key) {
  const auto reference = image_reference(source);
  if (cache_ && reference) cache_->put_reference(*reference, key);
}

void LatticePlane::link_outcome(const LinkOutcome& outcome) {
  if (!control_connection_ || outcome.link.contract_id == extras_contract) return;
  const auto& link = outcome.link;
  const lattice::Outcome told{{},
                              key_.public_key().text(),
                              outcome.bound ? "bind_link" : "unbind_link",
                              link.provider_id,
                              link.actor,
                              outcome.failure,
                              link.contract_id,
                              link.link_name};
  const auto text = lattice::write_json(told);
  const auto sent = control_connection_->transport().publish(subjects_->outcomes(), as_bytes(text));
  if (!sent) log_.debug("the outcome of a link was not published: {}", sent.error().message);
}

void LatticePlane::provider_started(const ProviderEntry& provider) {
  if (stays_inside(provider)) return;  // part of every host: no event either (lattice.md 7.4)
  if (rpc_) {
    auto served = rpc_->server.serve(entity_of(provider),
                                     std::chrono::steady_clock::now() + limits::lattice_confirm);
    if (!served) {
      log_.warn("provider {} is not served to the lattice: {}", provider.key,
                served.error().message);
    }
  }
  tell({lattice::event::ProviderStarted{provider.description.contract_id, provider.link_name,
                                        provider.key, image_reference(provider.source)}});
  remember(provider.source, provider.key);
}

void LatticePlane::provider_stopping(const ProviderEntry& provider, SteadyTime deadline) {
  if (rpc_) rpc_->server.stop_serving(entity_of(provider), deadline);
}

void LatticePlane::provider_stopped(const ProviderEntry& provider) {
  if (stays_inside(provider)) return;
  tell({lattice::event::ProviderStopped{provider.description.contract_id, provider.link_name,
                                        provider.key}});
}

// Others see it stop and start. It stays subscribed: calls that come meanwhile are answered with an
// error, which is more than silence.
void LatticePlane::provider_lost(const ProviderEntry& provider, const std::string& why) {
  log_.warn("provider {} ({}) {}", provider.key, provider.link_name, why);
  provider_stopped(provider);
}

void LatticePlane::provider_back(const ProviderEntry& provider) {
  if (stays_inside(provider)) return;
  tell({lattice::event::ProviderStarted{provider.description.contract_id, provider.link_name,
                                        provider.key, image_reference(provider.source)}});
}

void LatticePlane::link_set(const Link& link) {
  if (cache_) cache_->put_link(link, LinkOrigin::local);
  if (rpc_) rpc_->advertiser.link(link);
}

void LatticePlane::link_removed(const Link& key) {
  if (cache_) cache_->remove_link(key, LinkOrigin::local);
  if (rpc_) rpc_->advertiser.removal(key);
}

LatticeInfo LatticePlane::info() const {
  LatticeInfo info;
  info.ns = options_.ns;
  if (registry_ != nullptr) info.links_refused = registry_->refused_links();
  info.rpc = state_of(rpc_connection_.get());
  info.control = state_of(control_connection_.get());
  if (cache_) {
    info.cache =
        cache_->mirror() != nullptr ? state_of(*cache_->mirror()) : state_of(cache_->connection());
    const auto counters = cache_->counters();
    info.cache_refused = counters.refused;
    info.cache_repaired = counters.repaired;
    info.cache_entries = cache_->size();
  }
  if (control_server_) {
    const auto counters = control_server_->counters();
    info.control_requests = counters.requests;
    info.control_refused = counters.malformed + counters.dropped;
  }
  if (!rpc_) return info;
  const auto out = rpc_->client.counters();
  const auto in = rpc_->server.counters();
  info.calls_out = out.sent;
  info.calls_lost = out.lost;
  info.calls_in = in.received;
  info.calls_refused = in.refused + in.dropped;
  info.calls_busy = in.busy;
  info.calls_expired = in.expired;
  info.adverts_refused = rpc_->advertiser.refused();
  return info;
}

std::optional<std::string> LatticePlane::key_of_reference(std::string_view reference) const {
  return cache_ ? cache_->key_of_reference(reference) : std::nullopt;
}

void LatticePlane::take_link(Link link) {
  if (registry_->link_count() >= limits::links) {
    log_.warn("a link from the lattice was ignored: {} are known already", limits::links);
    return;
  }
  cache_->put_link(link, LinkOrigin::lattice);
  registry_->put_link(std::move(link), LinkOrigin::lattice);
}

void LatticePlane::take_removal(const Link& key) {
  // Here first: what was bound is unbound, whatever becomes of the cache's entry (lattice.md 6.3).
  static_cast<void>(
      registry_->remove_link(key.actor, key.contract_id, key.link_name, LinkOrigin::lattice));
  cache_->remove_link(key, LinkOrigin::lattice);
}

void LatticePlane::take_claims(const identity::ActorClaims& claims) {
  const bool news = registry_->learn_claims(claims);
  if (news) cache_->put_claims(claims);
}

void LatticePlane::take_change(const lattice::EntryChange& change) {
  using Kind = lattice::EntryChange::Kind;
  switch (change.kind) {
    case Kind::claims:
      if (plausible_claims(change.claims)) registry_->learn_claims(change.claims);
      break;
    case Kind::alias: registry_->learn_alias(change.name, change.key); break;
    case Kind::alias_removed: registry_->forget_alias(change.name); break;
    case Kind::link: {
      auto link = to_link(change.link);
      if (validate_link(link) && registry_->link_count() < limits::links) {
        registry_->put_link(std::move(link), LinkOrigin::lattice);
      }
      break;
    }
    case Kind::link_removed: {
      const auto& key = change.link;
      static_cast<void>(registry_->remove_link(key.actor_id, key.contract_id, key.link_name,
                                               LinkOrigin::lattice));
      break;
    }
    case Kind::reference: break;  // looked up in the cache when it is needed
  }
}

}  // namespace trellis::host
