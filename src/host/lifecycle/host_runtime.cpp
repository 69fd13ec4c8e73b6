#include "host/lifecycle/host_runtime.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/guard.hpp"
#include "base/limits.hpp"
#include "base/log_budget.hpp"
#include "base/memory_budget.hpp"
#include "base/text.hpp"
#include "host/call/router.hpp"
#include "host/state/builtins.hpp"
#include "nats/connect.hpp"

namespace trellis::host {
namespace {

/// Each secret that is told to a provider is known to the redactor first.
SecretSource watched(SecretSource source, std::shared_ptr<Redactor> redactor) {
  if (!source) return nullptr;
  return [source = std::move(source), redactor = std::move(redactor)](std::string_view name) {
    auto secret = source(name);
    if (secret) redactor->hide(*secret);
    return secret;
  };
}

/// Options with everything in them that the host relies on: nothing below asks whether it is set.
HostOptions with_defaults(HostOptions options, const std::shared_ptr<Redactor>& redactor,
                          const std::shared_ptr<const NameBook>& names) {
  if (!options.clock) options.clock = std::make_shared<SystemClock>();
  // Budget comes first on the way of a record: a flood costs neither the search for secrets nor
  // that for names. Secrets are cut out before anything is handed to the user's sink.
  options.log = make_log_budget(
      make_redacting_sink(make_naming_sink(std::move(options.log), names), redactor),
      options.clock);
  options.secrets = watched(std::move(options.secrets), redactor);
  // Budget is this host's own, unless the embedder shares one among several.
  if (!options.memory) {
    options.memory = std::make_shared<MemoryBudget>(
        options.memory_budget_bytes ? *options.memory_budget_bytes : usual_memory_budget());
  }
  return options;
}

/// Key of this start, never stored (host.md 2.1).
identity::KeyPair new_host_key() {
  SystemRandom random;
  return identity::KeyPair::generate(identity::KeyType::server, random);
}

CallPolicy call_policy(const HostOptions& options) {
  return {options.check_provider_to_actor, options.lattice.deny_unknown_origins};
}

/// Options of the host that the registry needs, and the authorizer as it asks it.
Registry::Options registry_options(const HostOptions& options) {
  Registry::Options made;
  // Rules that cannot be read would permit nothing; check_options() has refused them.
  made.rules = LinkRules::make(options.lattice).value_or(LinkRules());
  made.policy = call_policy(options);
  // Provider that does not run here may run elsewhere only where calls can leave the host.
  made.in_lattice = options.lattice.rpc.has_value();
  made.memory = options.memory;
  made.clock = options.clock;
  const auto cache = replicator_options(options.lattice.cache, options.lattice.ns);
  // Providers that carry messages are told which subjects are the protocol's, so that no actor
  // writes into the cache; those everybody knows they refuse by themselves.
  for (const auto& subject : {cache.events_subject, cache.replay_subject}) {
    if (lattice::is_protocol_subject(subject)) continue;
    if (!made.reserved_subjects.empty()) made.reserved_subjects += ',';
    made.reserved_subjects += subject;
  }
  if (options.authorizer) {
    made.may_bind = [authorizer = options.authorizer](const ActorIdentity& actor,
                                                      const ProviderEntry& provider) {
      // BindActor is put to the authorizer like a call of the actor to the provider (host.md 6.4).
      InvocationView view;
      view.origin = actor.key;
      view.target = provider.key;
      view.target_contract = provider.description.contract_id;
      view.target_link_name = provider.link_name;
      view.operation = "BindActor";
      try {
        return authorizer->can_invoke(actor, view);
      } catch (...) {
        return false;
      }
    };
  }
  return made;
}

}  // namespace

Connect nats_connections() {
  return [](const NatsOptions& options, Log log) {
    return nats::connect_nats(options, std::move(log), std::make_shared<SystemClock>(),
                              DescriptorUse::host);
  };
}

// Members are made in the order in which they refer to each other. Functions that are handed over
// here may name later ones, because none is called before start().
HostRuntime::HostRuntime(const HostOptions& options, std::shared_ptr<EngineRuntime> engine,
                         std::shared_ptr<const LabelBook> labels, Connect connect)
    : redactor_(std::make_shared<Redactor>()),
      names_(std::make_shared<NameBook>()),
      options_(with_defaults(options, redactor_, names_)),
      engine_(std::move(engine)),
      labels_(labels ? std::move(labels) : std::make_shared<LabelBook>(options_.labels)),
      log_(options_.log, "host"),
      key_(new_host_key()),
      id_(key_.public_key().text()),
      started_(options_.clock->wall()),
      modules_(engine_),
      packages_(options_.registry, options_.lattice, options_.allowed_issuers, options_.clock,
                log_.with_target("packages")),
      workers_(options_.worker_threads),
      binder_(
          workers_, options_.call_timeout, options_.secrets, options_.clock,
          [this](const LinkOutcome& outcome) { plane_.link_outcome(outcome); }, log_),
      registry_(registry_options(options_), binder_, log_),
      control_(*this),
      arriving_(*this),
      plane_({options_.lattice, options_.call_timeout, key_, options_.clock, options_.memory,
              std::move(connect), options_.open_cache, registry_, arriving_, control_, log_}),
      router_(std::make_unique<Router>(
          RouterOptions{call_policy(options_), options_.call_timeout, options_.clock,
                        options_.authorizer, options_.middleware,
                        [this](const ProviderEntry& provider, const std::string& actor) {
                          return binder_.gate(provider, actor);
                        }},
          registry_.tables(), plane_, log_)),
      health_(
          {options_.health_interval, options_.health_timeout, options_.clock, redactor_,
           [this] { plane_.heartbeat([this](EntityId entity) { return health_.of(entity); }); }},
          registry_.tables(), *router_, workers_, log_) {
  names_->open(registry_.tables());
}

Result<Bytes> HostRuntime::Arriving::from_lattice(const EntityRef& origin, const EntityRef& target,
                                                  std::string_view operation, ByteView payload,
                                                  SteadyTime deadline) const {
  return runtime.router_->from_lattice(origin, target, operation, payload, deadline);
}

HostRuntime::~HostRuntime() {
  stop();
  // Sinks may outlive the host, where a provider that is stuck keeps one; its tables do not.
  names_->close();
}

Result<void> HostRuntime::start() {
  if (auto joined = plane_.join(); !joined) return joined;
  // Part of every host (host.md 8.5); an actor still needs the capability and a link.
  if (find_builtin(options_.builtins, extras_reference) != nullptr) {
    auto extras =
        start_provider(extras_reference, ProviderOptions{.mode = ProviderMode::in_process});
    if (!extras) return pass(extras);
  }
  // Commands come last: what they need is there (lattice.md 7.4).
  if (auto started = plane_.started(); !started) return started;
  health_.start();
  return {};
}

std::chrono::seconds HostRuntime::uptime() const {
  return std::chrono::duration_cast<std::chrono::seconds>(options_.clock->wall() - started_);
}

// host.md 13, bounded by one time limit; RemoveActor is sent for every bound link, so that
// providers free what they hold for an actor before they are stopped.
void HostRuntime::stop() {
  if (stopped_.exchange(true)) return;
  const auto deadline = options_.clock->steady() + options_.stop_timeout;
  // Step that fails, for want of memory, keeps none of the others from being done.
  survived([&] { health_.stop(); });
  survived([&] { plane_.begin_to_leave(deadline); });
  survived([&] { binder_.unbind_all(); });
  if (!binder_.settle(deadline)) {
    survived([&] { log_.warn("not every provider let go of its actors in time"); });
  }
  survived([&] { stop_all_providers(deadline); });
  survived([&] { stop_all_actors(deadline); });
  survived([&] { plane_.leave(deadline); });
  survived([&] { binder_.stop(); });
  survived([&] { workers_.stop(); });
}

void HostRuntime::stop_all_providers(SteadyTime deadline) {
  // Snapshot is walked over while the registry loses entry after entry.
  const auto tables = registry_.tables().read();
  tables->providers.for_each([&](std::string_view, const auto& entry) {
    std::shared_ptr<const ProviderEntry> removed =
        entry;  // stopped also where it cannot be taken out of the tables
    survived([&] { removed = registry_.remove_provider(entry->key, entry->link_name); });
    if (!removed) return;
    survived([&] { stop_provider_instance(*removed, deadline); });
    survived([&] { plane_.provider_stopped(*removed); });
  });
}

void HostRuntime::stop_all_actors(SteadyTime deadline) {
  const auto tables = registry_.tables().read();
  tables->actors.for_each([&](std::string_view key, const auto&) {
    survived([&] {
      if (const auto removed = registry_.remove_actor(key)) {
        retire(*removed, deadline);
        plane_.actor_stopped(key);
      }
    });
  });
}

Result<Bytes> HostRuntime::call_actor(std::string_view target, std::string_view operation,
                                      ByteView payload,
                                      std::optional<std::chrono::milliseconds> timeout) {
  const auto deadline = options_.clock->steady() + timeout.value_or(options_.call_timeout);
  const auto call = [&] { return router_->from_system(target, operation, payload, deadline); };
  // Stacks of other threads are unknown to the engine, so that they wait for a worker.
  return guest_stack() ? call() : workers_.run<Bytes>(call, {.owner = target});
}

std::vector<ActorInfo> HostRuntime::actors() const {
  std::vector<ActorInfo> all;
  registry_.tables().read()->actors.for_each([&](std::string_view, const auto& entry) {
    const auto& actor = *entry->actor;
    const auto pool = actor.pool().statistics();
    all.push_back({actor.identity(), actor.options().source, pool.alive, pool.busy, pool.calls,
                   pool.errors, pool.replaced, actor.started(), health_.of(actor.id()),
                   actor.claims().hash, actor.options()});
  });
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.identity.key < b.identity.key; });
  return all;
}

MemoryInfo HostRuntime::memory() const {
  const auto& budget = *options_.memory;
  MemoryInfo info{budget.limit(), budget.held(), {}};
  for (std::size_t i = 0; i < static_cast<std::size_t>(Held::count); ++i) {
    const auto kind = static_cast<Held>(i);
    const auto figures = budget.figures(kind);
    info.kinds.push_back({std::string(to_string(kind)), figures.bytes, figures.refused});
  }
  return info;
}

/// The lattice cache is a part of the host, but shown as the provider it is elsewhere
/// (host.md 8.5).
ProviderInfo HostRuntime::cache_entry() const {
  ProviderInfo info;
  // Words of the first-party provider, by which its users know it.
  info.key = lattice_cache_key;
  info.link_name = lattice_cache_link;
  info.contract_id = "wasmcloud:keyvalue";
  info.name = "NATS Replicated In-Memory Key-Value Store";
  info.vendor = "wasmCloud";
  info.revision = 1;
  info.source = "part of the host";
  info.started = started_;
  info.health = {HealthState::healthy, {}, options_.clock->wall(), started_};
  info.of_host = true;
  return info;
}

std::vector<ProviderInfo> HostRuntime::providers() const {
  std::vector<ProviderInfo> all;
  registry_.tables().read()->providers.for_each([&](std::string_view, const auto& entry) {
    const auto& about = entry->description;
    const auto statistics = entry->instance->statistics();
    ProviderInfo info;
    info.key = entry->key;
    info.link_name = entry->link_name;
    info.contract_id = about.contract_id;
    info.name = about.name;
    info.vendor = about.vendor;
    info.version = about.version;
    info.revision = about.revision;
    info.source = entry->source;
    info.mode = entry->mode;
    info.of_host = entry->source == extras_reference && entry->link_name == default_link_name;
    info.calls = statistics.calls;
    info.errors = statistics.errors;
    info.timeouts = statistics.timeouts;
    info.stuck_threads = statistics.stuck_threads;
    info.started = entry->started;
    info.health = health_.of(entry->instance->id());
    if (const auto process = entry->instance->process()) {
      info.own_process = true;
      info.pid = process->pid;
      info.restarts = process->restarts;
      info.last_end = process->last_end;
    }
    all.push_back(std::move(info));
  });
  // Cache counts as a provider in the API and in inventories (host.md 8.5).
  all.push_back(cache_entry());
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::tie(a.key, a.link_name) < std::tie(b.key, b.link_name);
  });
  return all;
}

}  // namespace trellis::host
