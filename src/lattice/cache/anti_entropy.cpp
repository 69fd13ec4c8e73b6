#include "lattice/cache/anti_entropy.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/limits.hpp"
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

std::uint64_t value_digest(std::string_view key, std::string_view value) {
  return link_hash(key, value, {});
}

/// How far into the future another clock may be before its times are cut.
constexpr std::int64_t clock_slack_ms = 60'000;

}  // namespace

void AntiEntropy::observe(const CacheEvent& event, std::int64_t now_ms) {
  if (family_of(event.key()) == nullptr) return;
  const bool removed = event.change() == CacheChange::key_delete;
  if (!removed && event.change() != CacheChange::scalar_set) return;
  auto& time = times_[event.key()];
  removals_ += static_cast<std::size_t>(removed) - static_cast<std::size_t>(time.removed);
  time = {now_ms, removed};
  if (removals_ > limits::cache_removals) forget_old_removals(now_ms);
}

void AntiEntropy::forget_old_removals(std::int64_t now_ms) {
  const auto kept = std::chrono::milliseconds(limits::cache_removal_memory).count();
  std::erase_if(times_, [&](const auto& entry) {
    return entry.second.removed && entry.second.changed_ms + kept < now_ms;
  });
  // Still too many: the lattice removes links faster than it can remember. Start over.
  removals_ = static_cast<std::size_t>(std::count_if(
      times_.begin(), times_.end(), [](const auto& entry) { return entry.second.removed; }));
  if (removals_ <= limits::cache_removals) return;
  std::erase_if(times_, [](const auto& entry) { return entry.second.removed; });
  removals_ = 0;
}

std::vector<CacheEvent> AntiEntropy::merge(const CacheState& state, const TimedValue& theirs,
                                           std::int64_t now_ms) {
  const auto* family = family_of(theirs.key);
  if (family == nullptr) return {};
  const auto changed = std::min(theirs.changed_ms, now_ms + clock_slack_ms);
  const auto* here = state.scalar(theirs.key);
  const auto known = times_.find(theirs.key);
  const auto ours = known == times_.end() ? 0 : known->second.changed_ms;
  if (theirs.removed ? here == nullptr : (here != nullptr && *here == theirs.value)) return {};
  if (known != times_.end()) {
    if (changed < ours) return {};
    if (changed == ours && here != nullptr && !theirs.removed && theirs.value <= *here) return {};
    if (changed == ours && theirs.removed) return {};
  }
  const auto name = theirs.key.substr(family->prefix.size());
  const std::string index(family->index);
  std::vector<CacheEvent> events;
  if (theirs.removed) {
    // Only links can be removed; claims, references and aliases grow (lattice.md 8.2).
    if (index != "wclc:links") return {};
    events = {CacheEvent::remove(theirs.key), CacheEvent::set_remove(index, name)};
  } else {
    events = {CacheEvent::set(theirs.key, theirs.value)};
    if (!index.empty()) events.push_back(CacheEvent::set_add(index, name));
  }
  observe(events.front(), changed);
  return events;
}

std::uint64_t AntiEntropy::digest(const CacheState& state) {
  std::uint64_t sum = 0;
  for (const auto& [key, value] : state.values()) {
    const auto* text = std::get_if<std::string>(&value);
    if (text != nullptr && family_of(key) != nullptr) sum += value_digest(key, *text);
  }
  return sum;
}

std::vector<SyncMessage> AntiEntropy::all(const CacheState& state, std::string_view origin_id,
                                          std::size_t bytes) const {
  std::vector<SyncMessage> messages;
  std::size_t used = bytes;
  const auto digest_now = digest(state);
  const auto add = [&](TimedValue value) {
    const auto size = value.key.size() + value.value.size() + 64;
    if (size > bytes) return;  // no message could carry it
    if (used + size > bytes) {
      messages.push_back({std::string(origin_id), digest_now, {}});
      used = 128;
    }
    used += size;
    messages.back().values.push_back(std::move(value));
  };
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
