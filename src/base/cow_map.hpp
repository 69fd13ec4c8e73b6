// An immutable map from text to values whose copies share almost everything: the tables of a
// snapshot are made from it, and a change copies one small part instead of ten thousand entries.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trellis {

/// Value type; copies are cheap and independent. Const members may be called from any thread.
template <class Value>
class CowMap {
 public:
  /// The value under `key`, or null. Valid as long as this map (or a copy of it) lives unchanged.
  [[nodiscard]] const Value* find(std::string_view key) const noexcept {
    const auto hash = hash_of(key);
    const auto& shard = shards_[hash % shard_count];
    if (!shard) return nullptr;
    const auto at = lower_bound(*shard, hash, key);
    return matches(*shard, at, hash, key) ? &(*shard)[at].value : nullptr;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  /// Adds or replaces.
  void set(std::string_view key, Value value) {
    const auto hash = hash_of(key);
    auto& shard = shards_[hash % shard_count];
    auto next = shard ? std::make_shared<Shard>(*shard) : std::make_shared<Shard>();
    const auto at = lower_bound(*next, hash, key);
    if (matches(*next, at, hash, key)) {
      (*next)[at].value = std::move(value);
    } else {
      next->insert(next->begin() + static_cast<std::ptrdiff_t>(at),
                   Entry{hash, std::string(key), std::move(value)});
      ++size_;
    }
    shard = std::move(next);
  }

  /// False when there was nothing to remove.
  bool erase(std::string_view key) {
    const auto hash = hash_of(key);
    auto& shard = shards_[hash % shard_count];
    if (!shard) return false;
    const auto at = lower_bound(*shard, hash, key);
    if (!matches(*shard, at, hash, key)) return false;
    auto next = std::make_shared<Shard>(*shard);
    next->erase(next->begin() + static_cast<std::ptrdiff_t>(at));
    shard = std::move(next);
    --size_;
    return true;
  }

  /// Calls visit(key, value) for each entry, in no particular order.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& shard : shards_) {
      if (!shard) continue;
      for (const auto& entry : *shard) visit(std::string_view(entry.key), entry.value);
    }
  }

 private:
  static constexpr std::size_t shard_count = 256;

  struct Entry {
    std::size_t hash;
    std::string key;
    Value value;
  };
  using Shard = std::vector<Entry>;  // sorted by hash, then key

  static std::size_t hash_of(std::string_view key) noexcept {
    return std::hash<std::string_view>{}(key);
  }
  static std::size_t lower_bound(const Shard& shard, std::size_t hash, std::string_view key) {
    const auto at = std::lower_bound(
        shard.begin(), shard.end(), std::pair(hash, key),
        [](const Entry& entry, const auto& wanted) {
          return entry.hash != wanted.first ? entry.hash < wanted.first : entry.key < wanted.second;
        });
    return static_cast<std::size_t>(at - shard.begin());
  }
  static bool matches(const Shard& shard, std::size_t at, std::size_t hash,
                      std::string_view key) noexcept {
    return at < shard.size() && shard[at].hash == hash && shard[at].key == key;
  }

  std::array<std::shared_ptr<const Shard>, shard_count> shards_;
  std::size_t size_ = 0;
};

}  // namespace trellis
