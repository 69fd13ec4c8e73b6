#include "lattice/cache/anti_entropy.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/limits.hpp"
#include "lattice/cache/entries.hpp"
#include "lattice/cache/link_hash.hpp"

namespace trellis::lattice {
namespace {

/// Values that take part, each with the index that lists it ("": none).
struct Family {
  std::string_view prefix;
  std::string_view index;
};
constexpr std::array<Family, 4> families{{{"wclc:claims_", "wclc:claims"},
                                          {"wclc:oci_", "wclc:ocis"},
                                          {"wclc:call_", ""},
                                          {"wclc:link_", "wclc:links"}}};

const Family* family_of(std::string_view key) {
  const auto* found = std::find_if(families.begin(), families.end(), [&](const Family& family) {
    return key.starts_with(family.prefix);
  });
  return found == families.end() ? nullptr : found;
}

/// Whether the value is listed where readers look for it.
bool is_listed(const CacheState& state, const Family& family, std::string_view key) {
  if (family.index.empty()) return true;
  const auto* members = state.set(family.index);
  return members != nullptr && members->contains(key.substr(family.prefix.size()));
}

/// How far into the future another clock may be before its times are cut.
constexpr std::int64_t clock_slack_ms = 60'000;

}  // namespace

void AntiEntropy::observe(const CacheEvent& event, std::int64_t now_ms) {
  const auto* family = family_of(event.key());
  if (family == nullptr) return;
  if (event.change() == CacheChange::scalar_set) return put(event.key(), {now_ms, false});
  if (event.change() != CacheChange::key_delete) return;
  if (family->index == link_index) return put(event.key(), {now_ms, true});
  forget(event.key());  // grow-only (lattice.md 8.2): whoever still has it may bring it back
}

// Counters go with the entries: key_bytes_ is what the memory budget is charged for, removals_
// bounds the tombstones.
void AntiEntropy::forget(std::string_view key) {
  const auto found = times_.find(key);
  if (found == times_.end()) return;
  if (found->second.removed) --removals_;
  key_bytes_ -= key.size();
  times_.erase(found);
}

void AntiEntropy::put(std::string_view key, Time time) {
  const auto [place, created] = times_.try_emplace(std::string(key));
  if (created) key_bytes_ += key.size();
  auto& entry = place->second;
  if (time.removed && !entry.removed) ++removals_;
  if (!time.removed && entry.removed) --removals_;
  entry = time;
  if (removals_ > limits::cache_removals) forget_old_removals(time.changed_ms);
}

void AntiEntropy::forget_old_removals(std::int64_t now_ms) {
  const auto kept = std::chrono::milliseconds(limits::cache_removal_memory).count();
  const auto drop = [this](const auto& which) {
    std::erase_if(times_, [&](const auto& entry) {
      const bool gone = entry.second.removed && which(entry.second);
      if (gone) key_bytes_ -= entry.first.size();
      return gone;
    });
  };
  drop([&](const Time& time) { return time.changed_ms + kept < now_ms; });
  // Removals are still too many: the lattice removes links faster than it can remember. All are
  // forgotten; at worst a link that a peer missed the removal of comes back.
  removals_ = static_cast<std::size_t>(std::count_if(
      times_.begin(), times_.end(), [](const auto& entry) { return entry.second.removed; }));
  if (removals_ <= limits::cache_removals) return;
  drop([](const Time&) { return true; });
  removals_ = 0;
}

std::vector<CacheEvent> AntiEntropy::merge(const CacheState& state, const TimedValue& theirs,
                                           std::int64_t now_ms) {
  const auto* family = family_of(theirs.key);
  if (family == nullptr || (theirs.removed && family->index != link_index)) return {};
  // Removals are told of links only; from anybody else they would take claims away that only grow.
  // Time of a peer is cut: a clock that runs years ahead, or a lie, must not win for ever.
  const Time time{std::clamp<std::int64_t>(theirs.changed_ms, 0, now_ms + clock_slack_ms),
                  theirs.removed};
  const auto known = times_.find(theirs.key);
  const auto ours = known == times_.end() ? 0 : known->second.changed_ms;
  const auto* here = state.scalar(theirs.key);
  const bool same = theirs.removed ? here == nullptr : here != nullptr && *here == theirs.value;
  if (!same && time.changed_ms < ours) return {};
  // Values of the same time are told apart by their bytes, the greater win, and a value wins over
  // its removal: every cache decides alike, whichever it had first.
  if (!same && time.changed_ms == ours && here != nullptr &&
      (theirs.removed || theirs.value < *here)) {
    return {};
  }
  // Same value with a later time keeps that time, or a third cache with an older one would win
  // here.
  if (!same || time.changed_ms > ours) put(theirs.key, time);
  std::string name = theirs.key.substr(family->prefix.size());
  const std::string index(family->index);
  std::vector<CacheEvent> events;
  if (theirs.removed) {
    if (same) return {};
    return {CacheEvent::remove(theirs.key), CacheEvent::set_remove(index, std::move(name))};
  }
  if (!same) events.push_back(CacheEvent::set(theirs.key, theirs.value));
  if (!is_listed(state, *family, theirs.key)) {
    events.push_back(CacheEvent::set_add(index, std::move(name)));
  }
  return events;
}

// Sum of hashes: independent of the order in which a cache keeps its values.
std::uint64_t AntiEntropy::digest(const CacheState& state) {
  std::uint64_t sum = 0;
  for (const auto& [key, value] : state.values()) {
    const auto* text = std::get_if<std::string>(&value);
    const auto* family = text == nullptr ? nullptr : family_of(key);
    if (family == nullptr) continue;
    sum += link_hash(key, *text, is_listed(state, *family, key) ? "listed" : "");
  }
  return sum;
}

std::vector<SyncMessage> AntiEntropy::all(const CacheState& state, std::string_view origin_id,
                                          std::size_t bytes) const {
  std::vector<SyncMessage> messages;
  // Full from the beginning, so that the first value opens the first message.
  std::size_t used = bytes;
  const auto digest_now = digest(state);
  const auto add = [&](TimedValue value) {
    // Sizes are estimates from above: 64 for the field names of a value, 128 for those of a
    // message.
    const auto size = value.key.size() + value.value.size() + 64;
    if (size > bytes) return;  // no message could carry it
    if (used + size > bytes) {
      messages.push_back({std::string(origin_id), digest_now, {}});
      used = 128;
    }
    used += size;
    messages.back().values.push_back(std::move(value));
  };
  // Values that only a replay brought are here with time 0. Keys that are no entries have no time
  // and are not told.
  for (const auto& [key, time] : times_) {
    if (time.removed) {
      add({key, {}, time.changed_ms, true});
    } else if (const auto* text = state.scalar(key); text != nullptr) {
      add({key, *text, time.changed_ms, false});
    }
  }
  return messages;
}

}  // namespace trellis::lattice
