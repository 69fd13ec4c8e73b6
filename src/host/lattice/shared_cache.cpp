#include "host/lattice/shared_cache.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/guard.hpp"
#include "host/state/names.hpp"

namespace trellis::host {
namespace {

/// After a restart of the server peers come back one after the other: once more when all are there.
constexpr auto second_comparison = std::chrono::seconds(2);
/// Many links are often set at once, and one file for all of them is enough.
constexpr auto save_delay = std::chrono::milliseconds(200);

/// Subject as it is configured, or one of this namespace alone.
std::string subject(const std::string& given, const std::string& ns, bool isolate) {
  // Namespace in the subject keeps lattices apart that share a NATS account; the subjects of
  // first-party caches have none (lattice.md 8.8).
  return isolate ? fmt::format("{}.{}", given, ns) : given;
}

bool is_link(const lattice::EntryChange& change) {
  return change.kind == lattice::EntryChange::Kind::link ||
         change.kind == lattice::EntryChange::Kind::link_removed;
}

std::size_t size_of(const lattice::EntryChange& change) {
  // Estimate of what a change holds while it waits; it counts against the bound of the executor.
  auto all =
      sizeof change + change.name.size() + change.key.size() + identity::footprint(change.claims);
  for (const auto& [key, value] : change.link.values) all += 64 + key.size() + value.size();
  return all;
}

}  // namespace

lattice::ReplicatorOptions replicator_options(const CacheOptions& options, const std::string& ns) {
  lattice::ReplicatorOptions made;
  made.events_subject = subject(options.events_subject, ns, options.isolate);
  made.replay_subject = subject(options.replay_subject, ns, options.isolate);
  return made;
}

lattice::LinkDefinition to_definition(const Link& link) {
  return {link.actor,
          link.provider_id,
          link.link_name,
          link.contract_id,
          {link.values.begin(), link.values.end()}};
}

Link to_link(const lattice::LinkDefinition& definition) {
  return {definition.actor_id,
          definition.contract_id,
          definition.link_name,
          definition.provider_id,
          {definition.values.begin(), definition.values.end()}};
}

SharedCache::SharedCache(const CacheOptions& options, const std::string& ns,
                         std::unique_ptr<Connection> connection, std::unique_ptr<CacheStore> store,
                         SerialExecutor& executor, GuestThreadPool& workers,
                         std::shared_ptr<const Clock> clock, std::shared_ptr<MemoryBudget> memory,
                         OnChange on_change, Log log)
    : options_(options),
      executor_(executor),
      workers_(workers),
      on_change_(std::move(on_change)),
      log_(std::move(log)),
      connection_(std::move(connection)),
      replicator_(
          connection_ ? &connection_->transport() : nullptr,
          options_of_replicator(ns, std::move(memory)), clock,
          [this](const lattice::EntryChange& change) {
            if (is_link(change)) links_changed();
            // Handing on is all that may be done here: the replicator's lock is held
            // (docs/threads.md).
            executor_.post([this, change] { on_change_(change); }, size_of(change));
          },
          [this](std::function<void()> job) { return workers_.post(std::move(job)).has_value(); },
          log_),
      timer_(std::make_unique<Timer>()) {
  if (store) {
    mirror_ = std::make_unique<lattice::CacheMirror>(std::move(store), replicator_,
                                                     options_.redis->poll, std::move(clock), log_);
  }
  if (options_.state_dir.empty()) return;
  file_.emplace(options_.state_dir, ns);
  own_file_.emplace(options_.state_dir, ns, "own-links");
}

lattice::ReplicatorOptions SharedCache::options_of_replicator(
    const std::string& ns, std::shared_ptr<MemoryBudget> memory) {
  auto made = replicator_options(options_, ns);
  made.memory = std::move(memory);
  made.on_write = [this](const lattice::CacheEvent& event) {
    // Mirror is made after the replicator it watches, so that each write asks whether it is there.
    if (mirror_) mirror_->wrote(event);
  };
  return made;
}

SharedCache::~SharedCache() {
  stop(SteadyTime());  // without patience
}

void SharedCache::join(SteadyTime patience) {
  if (mirror_) {
    load_links();  // of which the first look takes away what others have removed
    static_cast<void>(mirror_->look(patience));
    return mirror_->start();
  }
  const bool answered = connection_ && join_peers(patience);
  // Peers know better than a file what was removed meanwhile.
  if (!answered) load_links();
}

bool SharedCache::join_peers(SteadyTime patience) {
  bool answered = false;
  connection_->watch([this] {
    if (joins_itself_.exchange(false)) return;
    // Not on the serial executor: it waits for peers, and what they say is applied there.
    static_cast<void>(workers_.post([this] { rejoin(); }));
  });
  if (connection_->wait(patience)) {
    const auto joined = replicator_.join();
    answered = joined.value_or(false);
    if (!joined) log_.error("the lattice cache is not replicated: {}", joined.error().message);
    compare();
  } else {
    // Connection made at this very moment was left to join() by the watcher above: it is joined
    // now.
    if (!joins_itself_.exchange(false)) static_cast<void>(workers_.post([this] { rejoin(); }));
    log_.warn("the lattice cache has no server yet; it is replicated when one answers");
  }
  schedule_replay();
  return answered;
}

void SharedCache::rejoin() {
  const auto joined = replicator_.join();
  if (!joined) log_.error("the lattice cache is not replicated: {}", joined.error().message);
  compare();
}

void SharedCache::compare() {
  replicator_.compare_with_peers();
  // Lock is held, so that stop() cannot take the timer away meanwhile.
  const MutexLock lock(mutex_);
  if (stopped_) return;
  timer_->after(second_comparison, [this] {
    static_cast<void>(workers_.post([this] { replicator_.compare_with_peers(); }));
  });
}

void SharedCache::schedule_replay() {
  timer_->after(options_.replay_interval, [this] {
    survived([this] {
      static_cast<void>(workers_.post([this] {
        if (!connection_->up()) return;
        replicator_.replay();
        replicator_.compare_with_peers();
      }));
    });
    // Next round is planned whatever became of this one: a cache must not cease to repair itself
    // because memory was short once.
    persevere([this] {
      const MutexLock lock(mutex_);
      if (!stopped_) schedule_replay();
    });
  });
}

std::vector<Link> SharedCache::load_own_links() {
  std::vector<Link> all;
  if (!own_file_) return all;
  const auto saved = own_file_->load();
  if (!saved) {
    log_.error("which links are this host's own is not known: {}; {}", saved.error().message,
               saved.error().remedy);
    return all;
  }
  const MutexLock lock(mutex_);
  for (const auto& definition : *saved) {
    auto link = to_link(definition);
    // Links are checked as if they came from outside: files are edited, and rules change.
    if (!validate_link(link)) continue;
    own_links_.insert_or_assign(LinkKey(link.actor, link.contract_id, link.link_name), link);
    all.push_back(std::move(link));
  }
  return all;
}

void SharedCache::load_links() {
  if (!file_) return;
  const auto saved = file_->load();
  if (!saved) {
    log_.error("saved links are not used: {}; {}", saved.error().message, saved.error().remedy);
    return;
  }
  for (const auto& definition : *saved) {
    auto link = to_link(definition);
    if (!validate_link(link)) continue;
    if (mirror_) {
      // Not a change made here: where the store holds anything, what it lacks was removed.
      replicator_.reconcile([&](const auto&, const auto&) { return link_events(definition); });
      continue;
    }
    // Saved links are put like new ones: peers that know nothing learn them from here.
    replicator_.put_link(definition);
    executor_.post([this, definition] {
      on_change_({lattice::EntryChange::Kind::link, {}, {}, {}, definition});
    });
  }
  if (!saved->empty() && !mirror_) log_.info("{} saved links are in force again", saved->size());
}

void SharedCache::actor_started(const identity::ActorClaims& claims, const std::string& own_alias) {
  // Also where the cache knows them: a peer may have lost what it heard (lattice.md 8.8).
  replicator_.put_claims(claims, Write::always);
  if (!own_alias.empty() && !replicator_.register_alias(own_alias, claims.sub, Write::always)) {
    log_.info("call alias '{}' of actor {} belongs to another actor in the cache of the lattice",
              own_alias, claims.sub);
  }
}

void SharedCache::put_link(const Link& link, LinkOrigin origin) {
  replicator_.put_link(to_definition(link),
                       origin == LinkOrigin::local ? Write::always : Write::changes);
  // User's links are remembered as such, apart from all those that the lattice has.
  if (file_ && origin == LinkOrigin::local) {
    const MutexLock lock(mutex_);
    own_links_.insert_or_assign(LinkKey(link.actor, link.contract_id, link.link_name), link);
  }
  links_changed();
}

void SharedCache::remove_link(const Link& key, LinkOrigin origin) {
  replicator_.remove_link(to_definition(key));
  if (origin == LinkOrigin::local) {
    const MutexLock lock(mutex_);
    own_links_.erase(LinkKey(key.actor, key.contract_id, key.link_name));
  }
  links_changed();
}

void SharedCache::links_changed() {
  if (!file_) return;
  const MutexLock lock(mutex_);
  if (save_planned_ || stopped_) return;
  // One save serves all changes until then: a joining host learns of thousands of links at once.
  save_planned_ = true;
  timer_->after(save_delay, [this] { static_cast<void>(workers_.post([this] { save(); })); });
}

void SharedCache::save() {
  std::vector<lattice::LinkDefinition> own;
  {
    const MutexLock lock(mutex_);
    save_planned_ = false;
    for (const auto& [key, link] : own_links_) own.push_back(to_definition(link));
  }
  // Lock of its own: no caller waits at mutex_ for as long as a disk may take.
  const MutexLock lock(saving_);
  for (const auto& saved : {file_->save(replicator_.links()), own_file_->save(own)}) {
    if (saved) continue;
    log_.error("links were not saved: {}; {}", saved.error().message, saved.error().remedy);
  }
}

lattice::Replicator::Counters SharedCache::counters() const {
  auto counters = replicator_.counters();
  if (mirror_) counters.refused += mirror_->refused();
  return counters;
}

void SharedCache::stop(SteadyTime deadline) {
  bool unsaved = false;
  {
    const MutexLock lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
    unsaved = save_planned_;
  }
  // Timer goes first, because its jobs use everything that ends below.
  timer_.reset();
  if (unsaved && file_) save();
  if (mirror_) mirror_->stop(deadline);
  if (connection_) connection_->close();
  replicator_.stop();
}

}  // namespace trellis::host
