// Meaning of the cache's keys and values: claims, references, aliases, links (lattice.md 8.2).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "identity/claims.hpp"
#include "lattice/cache/cache_event.hpp"
#include "lattice/cache/cache_state.hpp"
#include "lattice/wire/advertisements.hpp"

namespace trellis::lattice {

/// Each kind of entry that has an index: what the keys of its values begin with, and the set that
/// lists them by the rest of their keys.
struct Filing {
  std::string_view prefix;
  std::string_view index;
};
inline constexpr std::string_view claims_index = "wclc:claims";
inline constexpr std::string_view reference_index = "wclc:ocis";
/// By the decimal texts of their hashes.
inline constexpr std::string_view link_index = "wclc:links";
inline constexpr std::array<Filing, 3> filings{
    {{"wclc:claims_", claims_index}, {"wclc:oci_", reference_index}, {"wclc:link_", link_index}}};
/// Prefix of the keys of call aliases, which no set lists.
inline constexpr std::string_view alias_prefix = "wclc:call_";

/// Change of the cache as a host understands it.
struct EntryChange {
  enum class Kind { claims, reference, alias, alias_removed, link, link_removed };
  Kind kind;
  std::string name;              ///< actor key, reference or alias; empty for links
  std::string key;               ///< what a reference or alias stands for
  identity::ActorClaims claims;  ///< for Kind::claims
  LinkDefinition link;           ///< for links; of a removed one at least its key fields
};

/// Follows a CacheState. Values come from anybody: what does not parse, or is filed under a number
/// that is not its own, is passed over and hides nothing else. One thread at a time.
class LatticeEntries {
 public:
  template <class T>
  using ByName = std::map<std::string, T, std::less<>>;

  /// To be told each change after it was applied.
  [[nodiscard]] std::vector<EntryChange> observe(const CacheState& state, const CacheEvent& event);

  /// Memory of all entries.
  [[nodiscard]] std::size_t footprint() const noexcept { return bytes_; }

  [[nodiscard]] const ByName<identity::ActorClaims>& claims() const noexcept { return claims_; }
  [[nodiscard]] const ByName<std::string>& references() const noexcept { return references_; }
  [[nodiscard]] const ByName<std::string>& aliases() const noexcept { return aliases_; }
  /// By the decimal text of their hash.
  [[nodiscard]] const ByName<LinkDefinition>& links() const noexcept { return links_; }

 private:
  [[nodiscard]] std::vector<EntryChange> look_at(const CacheState& state, std::string_view index,
                                                 std::string_view member);
  [[nodiscard]] std::vector<EntryChange> claims_changed(std::string_view actor,
                                                        const std::string* text);
  [[nodiscard]] std::vector<EntryChange> reference_changed(std::string_view reference,
                                                           const std::string* text);
  [[nodiscard]] std::vector<EntryChange> alias_changed(std::string_view alias,
                                                       const std::string* text);
  [[nodiscard]] std::vector<EntryChange> link_changed(std::string_view hash,
                                                      const std::string* text);

  template <class T>
  void keep(ByName<T>& entries, std::string_view name, const T& value);
  template <class T>
  void drop(ByName<T>& entries, typename ByName<T>::iterator which);

  std::size_t bytes_ = 0;
  ByName<identity::ActorClaims> claims_;
  ByName<std::string> references_;
  ByName<std::string> aliases_;
  ByName<LinkDefinition> links_;
};

// The changes that write an entry, in the order of lattice.md 8.2: the value, then the index.
[[nodiscard]] std::vector<CacheEvent> claims_events(const identity::ActorClaims& claims);
[[nodiscard]] std::vector<CacheEvent> reference_events(std::string_view reference,
                                                       std::string_view key);
[[nodiscard]] std::vector<CacheEvent> alias_events(std::string_view alias, std::string_view actor);
[[nodiscard]] std::vector<CacheEvent> link_events(const LinkDefinition& link);
[[nodiscard]] std::vector<CacheEvent> link_removal_events(const LinkDefinition& key);

/// The number of a link as text.
[[nodiscard]] std::string hash_text(const LinkDefinition& link);
/// The JSON under which a link is filed; field order of the first-party cache.
[[nodiscard]] std::string to_cache_json(const LinkDefinition& link);
[[nodiscard]] Result<LinkDefinition> link_from_cache_json(std::string_view json);

}  // namespace trellis::lattice
