#include "host/state/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "codec/messages/core.hpp"
#include "host/state/names.hpp"

namespace trellis::host {
namespace {

/// Whether the claims of a module that was checked here give the actor this alias.
bool is_proven_alias(const Tables& tables, const std::string& actor, std::string_view alias) {
  const auto* known = tables.claims.find(actor);
  return known != nullptr && (*known)->verified && (*known)->identity.call_alias == alias;
}

}  // namespace

BindConfig bind_config(BindConfig config, const ActorIdentity& actor) {
  namespace hidden = codec::core::hidden_value;
  config[std::string(hidden::issuer)] = actor.issuer;
  config[std::string(hidden::capabilities)] =
      actor.capabilities ? join(*actor.capabilities, ",") : std::string();
  config[std::string(hidden::name)] = actor.name;
  config[std::string(hidden::expires)] = std::to_string(actor.expires.value_or(0));
  config[std::string(hidden::tags)] = join(actor.tags, ",");
  return config;
}

namespace {

/// Bytes of the nodes and small parts of one entry of the tables.
constexpr std::size_t table_entry_bytes = 256;

std::size_t memory_of(const identity::ActorClaims& claims) {
  return table_entry_bytes + 2 * identity::footprint(claims);  // as claims and as identity
}
std::size_t memory_of(const Link& link) {
  constexpr std::size_t of_a_value = 128;
  std::size_t all = 2 * table_entry_bytes + link.actor.size() + link.contract_id.size() +
                    link.link_name.size() + link.provider_id.size();
  for (const auto& [key, value] : link.values) all += of_a_value + key.size() + value.size();
  return all;
}

}  // namespace

Registry::Registry(Options options, Bindings& bindings, Log log)
    : options_(std::move(options)),
      bindings_(bindings),
      log_(std::move(log)),
      claims_charge_(options_.memory, Held::claims),
      links_charge_(options_.memory, Held::links),
      names_charge_(options_.memory, Held::names),
      current_(std::make_shared<Tables>()),
      tables_(current_),
      limited_log_(log_, *options_.clock, limits::lattice_log_interval) {}

void Registry::change(const std::function<void(Tables&)>& edit) {
  // Copy shares nearly everything with the tables before (CowMap). Readers keep those they took, so
  // nothing changes under a call that is under way.
  auto next = std::make_shared<Tables>(*current_);
  edit(*next);
  current_ = std::move(next);
  tables_.publish(current_);
}

bool Registry::reserve(const std::string& slot) {
  const MutexLock lock(mutex_);
  if (current_->actors.find(slot) != nullptr || current_->providers.find(slot) != nullptr) {
    return false;
  }
  return reserved_.insert(slot).second;
}

void Registry::release(const std::string& slot) {
  const MutexLock lock(mutex_);
  reserved_.erase(slot);
}

void Registry::add_actor(std::shared_ptr<actor::Actor> actor) {
  replace_actor(std::move(actor));
}

std::shared_ptr<actor::Actor> Registry::replace_actor(std::shared_ptr<actor::Actor> actor) {
  const MutexLock lock(mutex_);
  const auto key = actor->key();
  const auto* running = current_->actors.find(key);
  auto replaced = running == nullptr ? nullptr : (*running)->actor;
  shared_keys_.erase(std::string(key));
  // Claims that are proven now take the place of what was told, and no longer count as something
  // the lattice makes this host keep.
  if (const auto* told = current_->claims.find(key); told != nullptr && !(*told)->verified) {
    tell_of_shared_key(actor->claims(), (*told)->claims);
    claims_charge_.resize_down(claims_charge_.bytes() - memory_of((*told)->claims));
  }
  const auto known =
      std::make_shared<KnownClaims>(KnownClaims{actor->claims(), actor->identity(), true});
  // Published at once: no reader sees the actor without its claims, alias or routes.
  change([&](Tables& next) REQUIRES(mutex_) {
    next.claims.set(key, known);
    next.actors.set(key, std::make_shared<ActorEntry>(
                             ActorEntry{std::move(actor), std::make_shared<Routes>()}));
    register_alias(next, known->identity);
    refresh_actor(next, key);
  });
  return replaced;
}

std::shared_ptr<actor::Actor> Registry::remove_actor(std::string_view key) {
  const MutexLock lock(mutex_);
  const auto* running = current_->actors.find(key);
  if (running == nullptr) return nullptr;
  auto removed = (*running)->actor;
  // Claims, alias, links and bindings stay: the actor may start again here, and providers keep what
  // they configured for it (host.md 7.3).
  change([&](Tables& next) REQUIRES(mutex_) { next.actors.erase(key); });
  return removed;
}

void Registry::add_provider(std::shared_ptr<const ProviderEntry> provider) {
  const MutexLock lock(mutex_);
  const auto slot = provider_slot(provider->key, provider->link_name);
  change([&](Tables& next) REQUIRES(mutex_) {
    next.providers.set(slot, provider);
    refresh_provider_links(next, provider->key, provider->link_name);
  });
}

std::shared_ptr<const ProviderEntry> Registry::remove_provider(std::string_view key,
                                                               std::string_view link_name) {
  const MutexLock lock(mutex_);
  const auto slot = provider_slot(key, link_name);
  const auto* running = current_->providers.find(slot);
  if (running == nullptr) return nullptr;
  auto removed = *running;
  // Binder forgets first: nobody waits for a BindActor that will not come.
  bindings_.forget(*removed);
  change([&](Tables& next) REQUIRES(mutex_) {
    next.providers.erase(slot);
    refresh_provider_links(next, key, link_name);
  });
  return removed;
}

bool Registry::learn_claims(const identity::ActorClaims& claims) {
  const MutexLock lock(mutex_);
  const auto* known = current_->claims.find(claims.sub);
  if (known != nullptr && (*known)->verified && current_->actors.find(claims.sub) != nullptr) {
    tell_of_shared_key((*known)->claims, claims);
  }
  // Actors are bounded: anybody on the lattice may invent them, and claims are never forgotten.
  if (known == nullptr && current_->claims.size() >= limits::known_actors) return false;
  if (known != nullptr && ((*known)->verified || (*known)->claims == claims)) return false;
  const auto before = known == nullptr ? 0 : memory_of((*known)->claims);
  if (!claims_charge_.resize(claims_charge_.bytes() - before + memory_of(claims))) return false;
  change([&](Tables& next) REQUIRES(mutex_) {
    next.claims.set(claims.sub,
                    std::make_shared<KnownClaims>(KnownClaims{claims, to_identity(claims), false}));
    refresh_actor(next, claims.sub);
  });
  return true;
}

// Two programs were signed with one key, by accident most often: either answers calls for both.
// Once for each version that runs here.
void Registry::tell_of_shared_key(const identity::ActorClaims& here,
                                  const identity::ActorClaims& elsewhere) {
  // Revisions that differ are versions of one program on their way through the lattice.
  if (here.rev.value_or(0) != elsewhere.rev.value_or(0) || here.hash == elsewhere.hash ||
      elsewhere.hash.empty() || !shared_keys_.insert(here.sub).second) {
    return;
  }
  const auto name_there = display_name(elsewhere);
  log_.warn(
      "two programs have the key of actor {}: revision {} is '{}' with the hash {} here, and '{}' "
      "with {} elsewhere in the lattice; calls reach either. Sign one with a key of its own, or "
      "a new version with a higher revision",
      here.sub, here.rev.value_or(0), display_name(here), here.hash.substr(0, 16),
      excerpt(name_there), excerpt(elsewhere.hash, 16));
}

bool Registry::is_contract(std::string_view name, Links of) const {
  return std::any_of(links_.begin(), links_.end(), [&](const auto& each) {
    const auto& known = each.second;
    return known.link.contract_id == name &&
           (of == Links::all || known.origin == LinkOrigin::local);
  });
}

bool Registry::learn_alias(const std::string& alias, const std::string& actor) {
  const MutexLock lock(mutex_);
  if (!usable_alias(alias) || is_contract(alias, Links::all)) return false;
  const auto* owner = current_->aliases.find(alias);
  // Owner that runs here keeps its alias, whatever the lattice says (lattice.md 4.1).
  if (owner != nullptr && (*owner == actor || current_->actors.find(*owner) != nullptr)) {
    return *owner == actor;
  }
  if (owner == nullptr && (current_->aliases.size() >= limits::known_actors ||
                           !names_charge_.resize(names_charge_.bytes() + table_entry_bytes))) {
    return false;
  }
  change([&](Tables& next) REQUIRES(mutex_) { next.aliases.set(alias, actor); });
  return true;
}

void Registry::forget_alias(const std::string& alias) {
  const MutexLock lock(mutex_);
  const auto* owner = current_->aliases.find(alias);
  if (owner == nullptr || current_->actors.find(*owner) != nullptr) return;
  // Charge covers aliases that were told; one that a module brought was never added, and shall not
  // make it wrap.
  names_charge_.resize_down(names_charge_.bytes() -
                            std::min(names_charge_.bytes(), table_entry_bytes));
  change([&](Tables& next) REQUIRES(mutex_) { next.aliases.erase(alias); });
}

bool Registry::is_vouched_for(const LinkKey& key, const Link& link) const {
  const auto said = vouched_.find(key);
  return said != vouched_.end() && said->second == link;
}

void Registry::vouch_for(const Link& link) {
  const MutexLock lock(mutex_);
  vouch(LinkKey(link.actor, link.contract_id, link.link_name), link);
}

void Registry::vouch(const LinkKey& key, const Link& link) {
  // Bounded like the links; what was said of a known link is always replaced by what is said now.
  if (vouched_.contains(key) || vouched_.size() < limits::links) {
    vouched_.insert_or_assign(key, link);
  }
}

// Link in force stays where its change is refused: a refusal must not be a way to unlink actors.
bool Registry::keeps_own_link(const KnownLink& own, const Link& wanted) {
  if (own.origin != LinkOrigin::local) return false;
  const auto provider = provider_of(*current_, wanted);
  if (!provider) return false;
  const auto admitted = options_.rules.admit(wanted, LinkOrigin::lattice, provider->description);
  if (admitted) return false;
  refused_links_.fetch_add(1, std::memory_order_relaxed);
  report(LogReason::refused_value, LinkOrigin::lattice,
         fmt::format("a change of the link of actor {} to {} was ignored: {}; {}", wanted.actor,
                     wanted.contract_id, admitted.error().message, admitted.error().remedy));
  return true;
}

// Lines about what others of a lattice want must not fill the disk.
void Registry::report(LogReason kind, LinkOrigin origin, const std::string& message) {
  if (origin == LinkOrigin::local) return log_.warn("{}", message);
  limited_log_.warn(kind, "{}{}", message);
}

bool Registry::put_link(Link link, LinkOrigin origin) {
  const MutexLock lock(mutex_);
  LinkKey key(link.actor, link.contract_id, link.link_name);
  // User's word is kept apart from the link: when the lattice repeats or replaces it, what the user
  // said has the user's rights again.
  if (origin == LinkOrigin::local) vouch(key, link);
  if (is_vouched_for(key, link)) origin = LinkOrigin::local;
  const auto before = links_.find(key);
  const bool there = before != links_.end();
  const bool same = there && before->second.link == link;
  // Link that is the same has other rights where its origin is another, and is looked at again
  // then.
  if (same && before->second.origin == origin) return false;
  if (there && origin == LinkOrigin::lattice && keeps_own_link(before->second, link)) return false;
  const auto from_lattice = [](LinkOrigin whose, const Link& which) {
    return whose == LinkOrigin::lattice ? memory_of(which) : 0;
  };
  const auto given_back = there ? from_lattice(before->second.origin, before->second.link) : 0;
  // Charged are the lattice's links alone: the user's own are not refused for what others sent.
  if (!links_charge_.resize(links_charge_.bytes() - given_back + from_lattice(origin, link))) {
    return false;
  }
  std::shared_ptr<const ProviderEntry> left_behind;
  if (there && before->second.link.provider_id != link.provider_id) {
    left_behind = provider_of(*current_, before->second.link);
  }
  // The provider a link pointed to before must let go of the actor (host.md 9.4).
  if (left_behind) bindings_.want(left_behind, link.actor, std::nullopt);
  links_.insert_or_assign(key, KnownLink{std::move(link), origin, options_.clock->wall(), {}});
  refresh_link(key);
  return !same;
}

bool Registry::remove_link(std::string_view actor, std::string_view contract,
                           std::string_view link_name, LinkOrigin origin) {
  const MutexLock lock(mutex_);
  const LinkKey key{actor, contract, link_name};
  if (origin == LinkOrigin::local) vouched_.erase(key);
  const auto found = links_.find(key);
  if (found == links_.end()) return false;
  const auto provider = provider_of(*current_, found->second.link);
  if (found->second.origin == LinkOrigin::lattice) {
    links_charge_.resize_down(links_charge_.bytes() - memory_of(found->second.link));
  }
  links_.erase(found);
  if (provider) bindings_.want(provider, std::string(actor), std::nullopt);
  refresh_link(key);
  return true;
}

// Alias belongs to the first module that was checked here; what somebody told of it gives way. One
// that looks like a contract or a key is ignored (D9), and the actor starts without it.
void Registry::register_alias(Tables& next, const ActorIdentity& identity) {
  const auto& alias = identity.call_alias;
  if (alias.empty()) return;
  if (!usable_alias(alias) || is_contract(alias, Links::own)) {
    log_.warn(
        "call alias '{}' of actor {} is ignored: it could be mistaken for a contract or a key",
        alias, identity.key);
    return;
  }
  const auto* owner = next.aliases.find(alias);
  if (owner != nullptr && *owner == identity.key) return;
  if (owner != nullptr && is_proven_alias(next, *owner, alias)) {
    log_.warn("call alias '{}' of actor {} is taken by {}", alias, identity.key, *owner);
    return;
  }
  if (owner != nullptr) {
    log_.warn(
        "call alias '{}' means actor {}, which runs here; the lattice had it for {}, and other "
        "hosts may go on calling that one by it",
        alias, identity.key, *owner);
  }
  next.aliases.set(alias, identity.key);
}

std::shared_ptr<const ProviderEntry> Registry::provider_of(const Tables& tables,
                                                           const Link& link) const {
  const auto* entry = tables.providers.find(provider_slot(link.provider_id, link.link_name));
  // Contract is compared, too: a link may name a provider that runs here for something else.
  if (entry == nullptr || (*entry)->description.contract_id != link.contract_id) return nullptr;
  return *entry;
}

void Registry::refresh_provider_links(Tables& next, std::string_view key,
                                      std::string_view link_name) {
  // Collected first: an actor may have several links to this provider, and is refreshed once.
  std::set<std::string> affected;
  for (const auto& [id, known] : links_) {
    const auto& link = known.link;
    if (link.provider_id == key && link.link_name == link_name) affected.insert(link.actor);
  }
  for (const auto& actor : affected) refresh_actor(next, actor);
}

// The binding check of host.md 9.2 for all links of an actor, then its routes.
void Registry::refresh_actor(Tables& next, const std::string& actor) {
  auto routes = std::make_shared<Routes>();
  for (auto it = links_.lower_bound(LinkKey(actor, "", "")); it != links_.end(); ++it) {
    const Link& link = it->second.link;
    if (link.actor != actor) break;
    want_binding(next, it->second);
    // links_ is ordered by contract and link name
    if (next.actors.find(actor) != nullptr) routes->push_back(make_route(next, link));
  }
  const auto* entry = next.actors.find(actor);
  if (entry == nullptr) return;
  next.actors.set(actor, std::make_shared<ActorEntry>(ActorEntry{(*entry)->actor, routes}));
}

// One link alone is refreshed where only that changed: a lattice brings thousands, one by one.
void Registry::refresh_link(const LinkKey& key) {
  const auto& [actor, contract, link_name] = key;
  const auto link = links_.find(key);
  if (link != links_.end()) want_binding(*current_, link->second);
  const auto* entry = current_->actors.find(actor);
  if (entry == nullptr) return;
  // Routes are copied and replaced: calls under way read those from before.
  auto routes = std::make_shared<Routes>(*(*entry)->routes);
  const bool known = find_route(*routes, contract, link_name) != nullptr;
  const auto place = route_place(*routes, contract, link_name);
  if (link == links_.end()) {
    if (known) routes->erase(place);
  } else if (known) {
    routes->at(static_cast<std::size_t>(place - routes->begin())) =
        make_route(*current_, link->second.link);
  } else {
    routes->insert(place, make_route(*current_, link->second.link));
  }
  change([&](Tables& next) REQUIRES(mutex_) {
    // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): `entry` was found above
    next.actors.set(actor, std::make_shared<ActorEntry>(ActorEntry{(*entry)->actor, routes}));
  });
}

std::shared_ptr<const Route> Registry::make_route(const Tables& next, const Link& link) const {
  Route route{link.contract_id,        link.link_name, link.provider_id, false,
              provider_of(next, link), nullptr};
  // Latch is a part of the route, so that no call has to look for it.
  if (route.provider) route.gate = bindings_.gate(*route.provider, link.actor);
  const auto* entry = next.actors.find(link.actor);
  if (entry != nullptr) route.in_claims = (*entry)->actor->has_capability(link.contract_id);
  return std::make_shared<const Route>(std::move(route));
}

// Refused links are looked at again and again; what is told of one is told once.
void Registry::refuse(KnownLink& known, const std::shared_ptr<const ProviderEntry>& provider,
                      LogReason kind, std::string why) {
  const auto& link = known.link;
  report(kind, known.origin,
         fmt::format("link of actor {} to {} is not made: {}", link.actor, link.contract_id, why));
  bindings_.want(provider, link.actor, std::nullopt);
  if (known.told_refusal == why) return;
  bindings_.report(
      {{link.actor, link.contract_id, link.link_name, link.provider_id, {}}, true, why});
  known.told_refusal = std::move(why);
}

void Registry::want_binding(const Tables& next, KnownLink& known) {
  const auto& link = known.link;
  const auto provider = provider_of(next, link);
  const auto* claims = next.claims.find(link.actor);
  // Steps 1 to 3 of host.md 9.2: without claims, or a provider here, nothing is sent.
  if (!provider || claims == nullptr) return;
  const auto& identity = (*claims)->identity;
  if (const auto reason = refusal(identity, *provider)) {
    return refuse(known, provider, LogReason::refused_actor, *reason);
  }
  auto values = options_.rules.admit(link, known.origin, provider->description);
  if (!values) {
    refused_links_.fetch_add(1, std::memory_order_relaxed);
    return refuse(known, provider, LogReason::refused_value,
                  values.error().message + "; " + values.error().remedy);
  }
  known.told_refusal.clear();
  auto config = bind_config(std::move(*values), identity);
  // Hidden value is for the host to set; one that a link brings is taken out first.
  const std::string reserved(codec::core::hidden_value::reserved_subjects);
  config.erase(reserved);
  if (!options_.reserved_subjects.empty()) config[reserved] = options_.reserved_subjects;
  bindings_.want(provider, link.actor, std::move(config));
}

std::optional<std::string> Registry::refusal(const ActorIdentity& actor,
                                             const ProviderEntry& provider) const {
  const auto& contract = provider.description.contract_id;
  const auto& list = actor.capabilities;
  const bool listed = list && std::ranges::find(*list, contract) != list->end();
  if (!may_bind(listed, options_.policy)) {
    return fmt::format("the actor's claims do not list {}; sign it with that capability", contract);
  }
  // Authorizer comes after the claims: it can refuse more, and permit nothing.
  if (options_.may_bind && !options_.may_bind(actor, provider)) {
    return std::string("the authorizer said no");
  }
  return std::nullopt;
}

std::size_t Registry::link_count() const {
  const MutexLock lock(mutex_);
  return links_.size();
}

std::vector<LinkInfo> Registry::links(std::string_view actor) const {
  const MutexLock lock(mutex_);
  std::vector<LinkInfo> all;
  // Links of one actor lie together, because its key comes first in theirs.
  for (auto it = links_.lower_bound(LinkKey(actor, "", "")); it != links_.end(); ++it) {
    if (!actor.empty() && it->second.link.actor != actor) break;
    all.push_back(describe(it->second));
  }
  return all;
}

LinkInfo Registry::describe(const KnownLink& of) const {
  const auto& link = of.link;
  LinkInfo info{link, LinkState::waiting_for_actor, {}, 0, of.origin, of.since};
  // Order of the tests is that of want_binding(): the state that is shown is the reason why nothing
  // was sent.
  const auto* known = current_->claims.find(link.actor);
  const auto provider = provider_of(*current_, link);
  if (!provider && options_.in_lattice) {
    // In a lattice the provider may run on any other host, or on none: nobody knows all hosts.
    info.state = LinkState::elsewhere;
    return info;
  }
  if (known == nullptr) return info;
  if (!provider) {
    info.state = LinkState::waiting_for_provider;
    return info;
  }
  if (auto reason = refusal((*known)->identity, *provider); reason) {
    info.state = LinkState::refused;
    info.problem = std::move(*reason);
    return info;
  }
  if (auto values = options_.rules.admit(link, of.origin, provider->description); !values) {
    info.state = LinkState::refused;
    info.problem = values.error().message + "; " + values.error().remedy;
    return info;
  }
  info.state = LinkState::binding;
  if (auto view = bindings_.view(*provider, link.actor); view) {
    info.state = view->state;
    info.problem = std::move(view->problem);
    info.attempts = view->attempts;
    info.since = view->since;
  }
  return info;
}

std::optional<LinkInfo> Registry::link_info(std::string_view actor, std::string_view contract,
                                            std::string_view link_name) const {
  const MutexLock lock(mutex_);
  const auto found =
      links_.find(LinkKey(std::string(actor), std::string(contract), std::string(link_name)));
  return found == links_.end() ? std::nullopt : std::optional(describe(found->second));
}

std::optional<Link> Registry::link(std::string_view actor, std::string_view contract,
                                   std::string_view link_name) const {
  const MutexLock lock(mutex_);
  const auto found =
      links_.find(LinkKey(std::string(actor), std::string(contract), std::string(link_name)));
  return found == links_.end() ? std::nullopt : std::optional(found->second.link);
}

std::vector<std::shared_ptr<const KnownClaims>> Registry::known_claims() const {
  std::vector<std::shared_ptr<const KnownClaims>> all;
  tables_.read()->claims.for_each(
      [&](std::string_view, const auto& known) { all.push_back(known); });
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::pair(!a->verified, std::string_view(a->identity.key)) <
           std::pair(!b->verified, std::string_view(b->identity.key));
  });
  return all;
}

}  // namespace trellis::host
