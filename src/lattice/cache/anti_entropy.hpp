// Finds and mends differences between caches that missed each other's changes (a partition): beyond
// the original protocol, among hosts of ours only, on a subject of our own.
//
// Each cache remembers when each value changed, and which links were removed. It tells a digest of
// its state now and then; who has another one sends its values with their times, and of two the
// younger wins (by time, then by bytes), so that all arrive at the same state.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "codec/message.hpp"
#include "lattice/cache/cache_event.hpp"
#include "lattice/cache/cache_state.hpp"

namespace trellis::lattice {

/// One value of the cache, or the memory of one that was removed.
struct TimedValue {
  std::string key;
  std::string value;
  std::int64_t changed_ms = 0;  ///< milliseconds since 1970
  bool removed = false;

  static constexpr auto describe() {
    return codec::describe_struct("TimedValue", codec::field("key", &TimedValue::key),
                                  codec::field("value", &TimedValue::value),
                                  codec::field("changed_ms", &TimedValue::changed_ms),
                                  codec::field("removed", &TimedValue::removed));
  }
};

/// Message between peers of ours: a digest alone, or values that another one lacks.
struct SyncMessage {
  std::string origin_id;
  std::uint64_t digest = 0;
  std::vector<TimedValue> values;

  static constexpr auto describe() {
    return codec::describe_struct("SyncMessage", codec::field("origin_id", &SyncMessage::origin_id),
                                  codec::field("digest", &SyncMessage::digest),
                                  codec::field("values", &SyncMessage::values));
  }
};

/// The times of the values of one cache. One thread at a time.
class AntiEntropy {
 public:
  /// To be told each change, after it was applied. 0 when nobody knows when it was made: what a
  /// replay brought is older than anything else.
  void observe(const CacheEvent& event, std::int64_t now_ms);
  /// The changes that bring `state` up to what `theirs` has younger, and its times with it.
  [[nodiscard]] std::vector<CacheEvent> merge(const CacheState& state, const TimedValue& theirs,
                                              std::int64_t now_ms);

  /// Memory of what is remembered.
  [[nodiscard]] std::size_t footprint() const noexcept { return times_.size() * 96 + key_bytes_; }

  /// Equal for equal states, whatever order they came about in.
  [[nodiscard]] static std::uint64_t digest(const CacheState& state);
  /// Everything with its time, in messages of at most `bytes` each.
  [[nodiscard]] std::vector<SyncMessage> all(const CacheState& state, std::string_view origin_id,
                                             std::size_t bytes) const;

 private:
  struct Time {
    std::int64_t changed_ms = 0;
    bool removed = false;
  };
  void put(std::string_view key, Time time);
  void forget(std::string_view key);
  void forget_old_removals(std::int64_t now_ms);

  std::map<std::string, Time, std::less<>> times_;
  std::size_t key_bytes_ = 0;
  std::size_t removals_ = 0;
};

}  // namespace trellis::lattice
