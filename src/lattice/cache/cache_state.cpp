#include "lattice/cache/cache_state.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace trellis::lattice {
namespace {

/// Estimate of what a node of map, set or list takes besides its text: small entries must not be
/// free, or a peer could fill the memory with empty ones.
constexpr std::size_t entry_overhead = 96;

std::size_t size_of(const CacheState::Value& value) {
  return std::visit(
      [](const auto& what) -> std::size_t {
        using T = std::decay_t<decltype(what)>;
        if constexpr (std::same_as<T, std::int32_t>) {
          return entry_overhead;
        } else if constexpr (std::same_as<T, std::string>) {
          return entry_overhead + what.size();
        } else {
          std::size_t all = entry_overhead;
          for (const auto& item : what) all += entry_overhead + item.size();
          return all;
        }
      },
      value);
}

}  // namespace

const std::string* CacheState::scalar(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : std::get_if<std::string>(&found->second);
}

const CacheState::Set* CacheState::set(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : std::get_if<Set>(&found->second);
}

Result<bool> CacheState::apply(const CacheEvent& event) {
  // Removals always fit; anything else may add at most what it carries.
  const auto kind = event.change();
  const bool removes = kind == CacheChange::key_delete || kind == CacheChange::list_clear ||
                       kind == CacheChange::list_remove_item;
  if (!removes && bytes_ + event.bytes() + entry_overhead > limits_.bytes) {
    return fail(ErrorCode::limit,
                fmt::format("the lattice cache is full ({} bytes); a change of {} is ignored",
                            limits_.bytes, event.key().substr(0, 100)),
                "remove links that are not needed, or isolate this lattice from others");
  }
  const bool changed = change(event);
  // Watermark counts changes without effect too, as first-party caches count (lattice.md 8.6):
  // peers compare only the numbers.
  ++hwm_;
  history_.push_back(event);
  history_bytes_ += event.bytes();
  if (history_.size() > limits_.history || history_bytes_ > limits_.bytes) {
    fold(limits_.history / 2, limits_.bytes / 2);
  }
  return changed;
}

/// The value under `key`, created when absent; null when it has another type.
template <class T>
T* CacheState::as(const std::string& key) {
  const auto [entry, created] = values_.try_emplace(key, T{});
  if (created) bytes_ += key.size() + size_of(entry->second);
  return std::get_if<T>(&entry->second);
}

bool CacheState::change(const CacheEvent& event) {
  const auto& key = event.key();
  const auto& item = event.item();
  const auto known = values_.size();
  switch (event.change()) {
    // Cases are those of lattice.md 8.5: absent values are created, those of another type are left.
    case CacheChange::atomic_add: {
      auto* number = as<std::int32_t>(key);
      const auto by = std::get<1>(std::get<0>(event.value));
      if (number == nullptr) return false;
      // Sum wraps around: a peer chooses both numbers, and overflow of signed ones is undefined.
      *number = static_cast<std::int32_t>(static_cast<std::uint32_t>(*number) +
                                          static_cast<std::uint32_t>(by));
      return by != 0 || values_.size() != known;
    }
    case CacheChange::key_delete:
    case CacheChange::list_clear: {
      const auto found = values_.find(key);
      if (found == values_.end()) return false;
      bytes_ -= key.size() + size_of(found->second);
      values_.erase(found);
      return true;
    }
    case CacheChange::scalar_set: {
      auto* text = as<std::string>(key);
      if (text == nullptr) return false;
      if (*text == item && values_.size() == known) return false;
      bytes_ += item.size();
      bytes_ -= text->size();
      *text = item;
      return true;
    }
    case CacheChange::list_push: {
      auto* list = as<List>(key);
      if (list == nullptr) return false;
      list->push_back(item);
      bytes_ += entry_overhead + item.size();
      return true;
    }
    case CacheChange::list_remove_item: {
      const auto found = values_.find(key);
      auto* list = found == values_.end() ? nullptr : std::get_if<List>(&found->second);
      if (list == nullptr) return false;
      const auto removed = std::erase(*list, item);
      bytes_ -= removed * (entry_overhead + item.size());
      return removed != 0;
    }
    case CacheChange::set_add: {
      auto* members = as<Set>(key);
      if (members == nullptr || !members->insert(item).second) return false;
      bytes_ += entry_overhead + item.size();
      return true;
    }
    case CacheChange::set_remove_item: {
      auto* members = as<Set>(key);
      // Set that was absent is there now, empty, as in first-party caches.
      if (members == nullptr || members->erase(item) == 0) return values_.size() != known;
      bytes_ -= entry_overhead + item.size();
      return true;
    }
  }
  return false;
}

// History loses half at once, so that the cost per change stays small. From then on it does not
// rebuild the state by itself.
void CacheState::fold(std::size_t events, std::size_t bytes) {
  while (!history_.empty() && (history_.size() > events || history_bytes_ > bytes)) {
    history_bytes_ -= history_.front().bytes();
    history_.pop_front();
  }
  complete_ = false;
}

void CacheState::forget_history() {
  fold(history_.size() / 2, history_bytes_ / 2);
}

// Cases are those of change() and must agree with it; nothing is changed here.
bool CacheState::would_change(const CacheEvent& event) const {
  const auto found = values_.find(event.key());
  const bool absent = found == values_.end();
  const auto* members = absent ? nullptr : std::get_if<Set>(&found->second);
  const auto* text = absent ? nullptr : std::get_if<std::string>(&found->second);
  const auto* list = absent ? nullptr : std::get_if<List>(&found->second);
  switch (event.change()) {
    case CacheChange::atomic_add:
      return absent || (std::holds_alternative<std::int32_t>(found->second) &&
                        std::get<1>(std::get<0>(event.value)) != 0);
    case CacheChange::key_delete:
    case CacheChange::list_clear: return !absent;
    case CacheChange::scalar_set: return absent || (text != nullptr && *text != event.item());
    case CacheChange::list_push: return absent || list != nullptr;
    case CacheChange::list_remove_item:
      return list != nullptr && std::find(list->begin(), list->end(), event.item()) != list->end();
    case CacheChange::set_add:
      return absent || (members != nullptr && !members->contains(event.item()));
    case CacheChange::set_remove_item:
      return absent || (members != nullptr && members->contains(event.item()));
  }
  return false;
}

std::vector<CacheEvent> CacheState::since(std::uint64_t theirs) const {
  if (theirs >= hwm_) return {};
  const auto missing = hwm_ - theirs;
  // Requester that is too far behind, or knows nothing, gets a list that makes the whole state; it
  // may be shorter than the count says (lattice.md 8.8, 2).
  if (missing > history_.size() || (theirs == 0 && !complete_)) return rebuild();
  return {history_.end() - static_cast<std::ptrdiff_t>(missing), history_.end()};
}

std::vector<CacheEvent> CacheState::rebuild() const {
  // Scalars come before the indexes that name them, as writers do it (lattice.md 8.2).
  std::vector<CacheEvent> scalars;
  std::vector<CacheEvent> rest;
  for (const auto& [key, value] : values_) {
    if (const auto* number = std::get_if<std::int32_t>(&value); number != nullptr) {
      scalars.push_back(CacheEvent::add(key, *number));
    } else if (const auto* text = std::get_if<std::string>(&value); text != nullptr) {
      scalars.push_back(CacheEvent::set(key, *text));
    } else if (const auto* list = std::get_if<List>(&value); list != nullptr) {
      for (const auto& item : *list) rest.push_back(CacheEvent::push(key, item));
      if (list->empty()) {  // there all the same: the key is taken by a list
        rest.push_back(CacheEvent::push(key, {}));
        rest.push_back(CacheEvent::list_remove(key, {}));
      }
    } else {
      const auto& members = std::get<Set>(value);
      for (const auto& item : members) rest.push_back(CacheEvent::set_add(key, item));
      // Removing from a set that is not there makes an empty one (lattice.md 8.5).
      if (members.empty()) rest.push_back(CacheEvent::set_remove(key, {}));
    }
  }
  scalars.insert(scalars.end(), std::make_move_iterator(rest.begin()),
                 std::make_move_iterator(rest.end()));
  return scalars;
}

}  // namespace trellis::lattice
