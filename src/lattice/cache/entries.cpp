#include "lattice/cache/entries.hpp"

#include <array>
#include <utility>

#include "json/json.hpp"
#include "json/json_value.hpp"
#include "lattice/cache/link_hash.hpp"

namespace trellis::lattice {
namespace {

constexpr auto claims_prefix = filings[0].prefix;
constexpr auto reference_prefix = filings[1].prefix;
constexpr auto link_prefix = filings[2].prefix;

/// Size of a node of the maps and the small things in it.
constexpr std::size_t node_bytes = 96;

std::size_t memory_of(const identity::ActorClaims& claims) {
  return identity::footprint(claims);
}
std::size_t memory_of(const std::string& text) {
  return text.size();
}
std::size_t memory_of(const LinkDefinition& link) {
  std::size_t all = sizeof link + link.actor_id.size() + link.provider_id.size() +
                    link.link_name.size() + link.contract_id.size();
  for (const auto& [key, value] : link.values) all += node_bytes + key.size() + value.size();
  return all;
}

std::string join_key(std::string_view prefix, std::string_view name) {
  std::string key(prefix);
  return key += name;
}

}  // namespace

std::string hash_text(const LinkDefinition& link) {
  return std::to_string(link_hash(link.actor_id, link.contract_id, link.link_name));
}

std::string to_cache_json(const LinkDefinition& link) {
  nlohmann::ordered_json made;
  made["actor_id"] = link.actor_id;
  made["provider_id"] = link.provider_id;
  made["contract_id"] = link.contract_id;
  made["link_name"] = link.link_name;
  made["values"] = nlohmann::ordered_json::object();
  for (const auto& [key, value] : link.values) made["values"][key] = value;
  // Bad UTF-8 is replaced: links of peers come through here, and an exception would end the change.
  return made.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Result<LinkDefinition> link_from_cache_json(std::string_view json) {
  using Kind = JsonValue::Kind;
  auto tree = parse_strict_json(json);
  if (!tree) return pass(tree);
  LinkDefinition link;
  const std::array<std::pair<std::string_view, std::string*>, 4> texts{
      {{"actor_id", &link.actor_id},
       {"provider_id", &link.provider_id},
       {"contract_id", &link.contract_id},
       {"link_name", &link.link_name}}};
  for (const auto& [name, to] : texts) {
    const auto* value = tree->find(name);
    // Members that come twice are refused: two readers could take different ones.
    if (value == nullptr || !value->is(Kind::string) || tree->count(name) != 1) {
      return fail(ErrorCode::malformed, "a cached link without a sound " + std::string(name));
    }
    *to = value->text;
  }
  const auto* values = tree->find("values");
  if (values == nullptr || !values->is(Kind::object)) {
    return fail(ErrorCode::malformed, "a cached link without values");
  }
  for (const auto& [key, value] : values->members) {
    if (!value.is(Kind::string))
      return fail(ErrorCode::malformed, "a cached link value is no text");
    link.values.insert_or_assign(key, value.text);
  }
  return link;
}

std::vector<CacheEvent> claims_events(const identity::ActorClaims& claims) {
  return {CacheEvent::set(join_key(claims_prefix, claims.sub), identity::to_json(claims)),
          CacheEvent::set_add(std::string(claims_index), claims.sub)};
}

std::vector<CacheEvent> reference_events(std::string_view reference, std::string_view key) {
  return {CacheEvent::set(join_key(reference_prefix, reference), std::string(key)),
          CacheEvent::set_add(std::string(reference_index), std::string(reference))};
}

// Aliases have no index (lattice.md 8.2).
std::vector<CacheEvent> alias_events(std::string_view alias, std::string_view actor) {
  return {CacheEvent::set(join_key(alias_prefix, alias), std::string(actor))};
}

std::vector<CacheEvent> link_events(const LinkDefinition& link) {
  const auto hash = hash_text(link);
  return {CacheEvent::set(join_key(link_prefix, hash), to_cache_json(link)),
          CacheEvent::set_add(std::string(link_index), hash)};
}

std::vector<CacheEvent> link_removal_events(const LinkDefinition& key) {
  const auto hash = hash_text(key);
  return {CacheEvent::remove(join_key(link_prefix, hash)),
          CacheEvent::set_remove(std::string(link_index), hash)};
}

template <class T>
void LatticeEntries::keep(ByName<T>& entries, std::string_view name, const T& value) {
  const auto known = entries.find(name);
  // Old entry goes first, so that its bytes are not counted for ever.
  if (known != entries.end()) drop(entries, known);
  bytes_ += node_bytes + name.size() + memory_of(value);
  entries.emplace(std::string(name), value);
}

template <class T>
void LatticeEntries::drop(ByName<T>& entries, typename ByName<T>::iterator which) {
  bytes_ -= node_bytes + which->first.size() + memory_of(which->second);
  entries.erase(which);
}

// Value and index come as two changes, in either order: the entry is there once both are.
std::vector<EntryChange> LatticeEntries::observe(const CacheState& state, const CacheEvent& event) {
  const std::string_view key = event.key();
  if (key.starts_with(alias_prefix)) {
    return alias_changed(key.substr(alias_prefix.size()), state.scalar(key));
  }
  for (const auto& filing : filings) {
    if (key.starts_with(filing.prefix)) {
      return look_at(state, filing.index, key.substr(filing.prefix.size()));
    }
    if (key == filing.index) {
      if (!event.item().empty()) return look_at(state, filing.index, event.item());
      // Index went away as a whole. Links are removed with it; claims and references only grow.
      std::vector<EntryChange> all;
      if (filing.index != link_index) return all;
      while (!links_.empty()) {
        auto gone = link_changed(std::string(links_.begin()->first), nullptr);
        all.insert(all.end(), gone.begin(), gone.end());
      }
      return all;
    }
  }
  return {};
}

std::vector<EntryChange> LatticeEntries::look_at(const CacheState& state, std::string_view index,
                                                 std::string_view member) {
  const auto* listed = state.set(index);
  const bool in_index = listed != nullptr && listed->contains(member);
  const auto text_under = [&](std::string_view prefix) {
    return in_index ? state.scalar(join_key(prefix, member)) : nullptr;
  };
  if (index == claims_index) return claims_changed(member, text_under(claims_prefix));
  if (index == reference_index) return reference_changed(member, text_under(reference_prefix));
  return link_changed(member, text_under(link_prefix));
}

// Claims and references only grow: what was known stays known.
std::vector<EntryChange> LatticeEntries::claims_changed(std::string_view actor,
                                                        const std::string* text) {
  if (text == nullptr) return {};
  auto claims = identity::actor_claims_from_json(*text);
  // Claims filed under another actor's key would speak for that one.
  if (!claims || claims->sub != actor) return {};
  const auto known = claims_.find(actor);
  if (known != claims_.end() && known->second == *claims) return {};
  keep(claims_, actor, *claims);
  return {{EntryChange::Kind::claims, std::string(actor), {}, std::move(*claims), {}}};
}

std::vector<EntryChange> LatticeEntries::reference_changed(std::string_view reference,
                                                           const std::string* text) {
  if (text == nullptr || !identity::PublicKey::parse(*text)) return {};
  const auto known = references_.find(reference);
  if (known != references_.end() && known->second == *text) return {};
  keep(references_, reference, *text);
  return {{EntryChange::Kind::reference, std::string(reference), *text, {}, {}}};
}

std::vector<EntryChange> LatticeEntries::alias_changed(std::string_view alias,
                                                       const std::string* text) {
  const auto known = aliases_.find(alias);
  if (text == nullptr) {
    if (known == aliases_.end()) return {};
    drop(aliases_, known);
    return {{EntryChange::Kind::alias_removed, std::string(alias), {}, {}, {}}};
  }
  const auto actor = identity::PublicKey::parse(*text);
  // Alias may stand for an actor only; one that was good stays when a bad value is written over it.
  if (!actor || actor->type() != identity::KeyType::module) return {};
  if (known != aliases_.end() && known->second == *text) return {};
  keep(aliases_, alias, *text);
  return {{EntryChange::Kind::alias, std::string(alias), *text, {}, {}}};
}

std::vector<EntryChange> LatticeEntries::link_changed(std::string_view hash,
                                                      const std::string* text) {
  const auto known = links_.find(hash);
  if (text == nullptr) {
    if (known == links_.end()) return {};
    auto gone = known->second;
    drop(links_, known);
    return {{EntryChange::Kind::link_removed, {}, {}, {}, std::move(gone)}};
  }
  auto link = link_from_cache_json(*text);
  // Link filed under a number that is not its own could never be removed by its key (lattice.md
  // 8.8, 5).
  if (!link || hash_text(*link) != hash) return {};
  if (known != links_.end() && known->second == *link) return {};
  keep(links_, hash, *link);
  return {{EntryChange::Kind::link, {}, {}, {}, std::move(*link)}};
}

}  // namespace trellis::lattice
