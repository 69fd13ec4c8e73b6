#include "host/lattice/cache_side.hpp"

#include <chrono>
#include <utility>

#include "base/limits.hpp"
#include "host/lattice/event_publisher.hpp"
#include "host/state/names.hpp"

namespace trellis::host {
namespace {

ConnectionState state_of(const lattice::CacheMirror& mirror) {
  switch (mirror.state()) {
    case lattice::CacheMirror::State::connecting: return ConnectionState::connecting;
    case lattice::CacheMirror::State::connected: return ConnectionState::connected;
    default: return ConnectionState::disconnected;
  }
}

}  // namespace

CacheSide::CacheSide(Parts parts)
    : registry_(parts.registry),
      executor_(parts.executor),
      clock_(parts.clock),
      log_(parts.log),
      cache_(
          parts.options, parts.ns, std::move(parts.connection), std::move(parts.store),
          parts.executor, parts.workers, std::move(parts.clock), std::move(parts.memory),
          [this](const lattice::EntryChange& change) { take_change(change); },
          std::move(parts.log)) {}

void CacheSide::join() {
  // Own links are vouched for first: when the lattice brings them back they still count as the
  // user's, with the user's rights.
  for (const auto& link : cache_.load_own_links()) registry_.vouch_for(link);
  cache_.join(clock_->steady() + limits::lattice_patience);
  // Settled, so that the start goes on with everything applied that peers have answered.
  executor_.settle(clock_->steady() + limits::lattice_patience);
}

void CacheSide::take_link(Link link) {
  // Bound first: links are unsigned, and anybody on the lattice may invent more.
  if (registry_.link_count() >= limits::links) {
    log_.warn("a link from the lattice was ignored: {} are known already", limits::links);
    return;
  }
  cache_.put_link(link, LinkOrigin::lattice);
  registry_.put_link(std::move(link), LinkOrigin::lattice);
}

void CacheSide::take_removal(const Link& key) {
  // Here first: what was bound is unbound, whatever becomes of the cache's entry (lattice.md 6.3).
  static_cast<void>(
      registry_.remove_link(key.actor, key.contract_id, key.link_name, LinkOrigin::lattice));
  cache_.remove_link(key, LinkOrigin::lattice);
}

void CacheSide::take_claims(const identity::ActorClaims& claims) {
  // Cache is written for news only: hosts that write what they merely heard multiply each
  // advertisement by the number of hosts (lattice.md 6.4).
  const bool news = registry_.learn_claims(claims);
  if (news) cache_.put_claims(claims);
}

void CacheSide::take_change(const lattice::EntryChange& change) {
  // Entries of the cache are as hostile as advertisements, and checked in the same way: any node
  // may publish them (lattice.md 8.8, point 5).
  using Kind = lattice::EntryChange::Kind;
  switch (change.kind) {
    case Kind::claims:
      if (plausible_claims(change.claims)) registry_.learn_claims(change.claims);
      break;
    case Kind::alias: registry_.learn_alias(change.name, change.key); break;
    case Kind::alias_removed: registry_.forget_alias(change.name); break;
    case Kind::link: {
      auto link = to_link(change.link);
      if (validate_link(link) && registry_.link_count() < limits::links) {
        registry_.put_link(std::move(link), LinkOrigin::lattice);
      }
      break;
    }
    case Kind::link_removed: {
      const auto& key = change.link;
      static_cast<void>(
          registry_.remove_link(key.actor_id, key.contract_id, key.link_name, LinkOrigin::lattice));
      break;
    }
    case Kind::reference: break;  // looked up in the cache when it is needed
  }
}

void CacheSide::actor_known(const actor::Actor& actor) {
  // Alias is written to the cache only where the registry let this actor have it; else the cache
  // would carry a claim that this host itself does not honour.
  const auto& alias = actor.identity().call_alias;
  const auto tables = registry_.tables().read();
  const auto* owner = alias.empty() ? nullptr : tables->aliases.find(alias);
  const bool owned = owner != nullptr && *owner == actor.key();
  cache_.actor_started(actor.claims(), owned ? alias : std::string());
}

void CacheSide::remember(const std::string& source, const std::string& key) {
  if (const auto reference = image_reference(source)) cache_.put_reference(*reference, key);
}

void CacheSide::describe(LatticeInfo& info) const {
  info.cache =
      cache_.mirror() != nullptr ? state_of(*cache_.mirror()) : state_of(cache_.connection());
  const auto counters = cache_.counters();
  info.cache_refused = counters.refused;
  info.cache_repaired = counters.repaired;
  info.cache_entries = cache_.size();
}

}  // namespace trellis::host
