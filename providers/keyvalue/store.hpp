// A key space in memory with the semantics of Redis, for many threads at once.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/call_limits.hpp"
#include "base/mutex.hpp"
#include "providers/common/work_limit.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::keyvalue {

/// Limits up to which a writer may fill a space. A key, list item or set member counts with its
/// bytes and Store::overhead. As links state them, so wider than the address space of small
/// machines.
struct Limits {
  std::uint64_t keys = 1'000'000;
  std::uint64_t value_bytes = 1 * limits::mib;    ///< of one key, value, list item or set member
  std::uint64_t total_bytes = 256 * limits::mib;  ///< of the whole space
};

/// One key space. Any thread; keys are spread over shards with a lock each, and operations over
/// several keys take the locks of their shards in ascending order.
///
/// Expired keys are invisible at once; their memory goes with later operations on the shard, a few
/// at a time, or when a writer runs into a limit. A list or set that becomes empty is gone.
///
/// Errors: invalid_argument when a key holds another type; limit when a bound would be exceeded or
/// a result would not fit a message. Nothing is changed then.
class Store {
 public:
  /// Counted for each key and element beside its bytes: nodes, headers, allocation.
  static constexpr std::size_t overhead = 96;
  static constexpr SteadyTime never = SteadyTime::max();

  /// Nothing when the key does not exist; an integer as its decimal text.
  [[nodiscard]] Result<std::optional<std::string>> get(std::string_view key, SteadyTime now);
  [[nodiscard]] bool exists(std::string_view key, SteadyTime now);
  /// Replaces whatever the key holds, its expiry included.
  [[nodiscard]] Result<void> set(std::string_view key, std::string_view value, SteadyTime expires,
                                 const Limits& bounds, SteadyTime now);
  /// The new value; a missing key counts as 0. Error limit, and no change, beyond 32 bits.
  [[nodiscard]] Result<std::int32_t> add(std::string_view key, std::int32_t value,
                                         const Limits& bounds, SteadyTime now);
  void remove(std::string_view key, SteadyTime now);

  /// Puts the value at the front; the new length.
  [[nodiscard]] Result<std::size_t> push(std::string_view key, std::string_view value,
                                         const Limits& bounds, SteadyTime now);
  /// Elements from start to stop, both inclusive; negative positions count from the end.
  [[nodiscard]] Result<std::vector<std::string>> range(
      std::string_view key, std::int64_t start, std::int64_t stop, SteadyTime now,
      WorkLimit limit = WorkLimit(SteadyTime::max()));
  /// Removes all elements equal to value; how many.
  [[nodiscard]] Result<std::size_t> remove_item(std::string_view key, std::string_view value,
                                                SteadyTime now);

  /// Whether the member was not there before.
  [[nodiscard]] Result<bool> set_add(std::string_view key, std::string_view member,
                                     const Limits& bounds, SteadyTime now);
  [[nodiscard]] Result<bool> set_remove(std::string_view key, std::string_view member,
                                        SteadyTime now);
  /// Members in order. A missing key is an empty set; a key that is named again changes nothing and
  /// costs nothing. Error limit when finding the answer would take too much work, deadline when
  /// `limit` ends it.
  [[nodiscard]] Result<std::vector<std::string>> members(
      std::string_view key, SteadyTime now, WorkLimit limit = WorkLimit(SteadyTime::max()));
  [[nodiscard]] Result<std::vector<std::string>> set_union(
      const std::vector<std::string>& keys, SteadyTime now,
      WorkLimit limit = WorkLimit(SteadyTime::max()));
  [[nodiscard]] Result<std::vector<std::string>> set_intersection(
      const std::vector<std::string>& keys, SteadyTime now,
      WorkLimit limit = WorkLimit(SteadyTime::max()));

  /// When the key expires; never when it does not, or is not there.
  [[nodiscard]] SteadyTime expiry(std::string_view key);

  /// A single value, or one element: what makes the store again when it is put into an empty one in
  /// the same order.
  struct Visited {
    enum class Kind : std::uint8_t { value, list_item, set_member };
    Kind kind;
    std::string_view key;
    std::string_view value;
    SteadyTime expires;
  };
  /// Calls `visitor` with everything that has not expired, shard by shard, each under its lock.
  void visit(SteadyTime now, const std::function<void(const Visited&)>& visitor);

  /// Frees the memory of everything that has expired.
  void purge(SteadyTime now);

  [[nodiscard]] std::size_t keys() const noexcept { return keys_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t bytes() const noexcept {
    return bytes_.load(std::memory_order_relaxed);
  }

 private:
  /// Newest element last: pushing at the front of the list is appending here.
  using List = std::vector<std::string>;
  using Set = std::set<std::string, std::less<>>;
  using Value = std::variant<std::string, std::int64_t, List, Set>;

  struct Entry {
    Value value;
    std::size_t bytes = 0;  ///< charged for key and value
    SteadyTime expires = never;
  };
  /// Ordered, not hashed: actors choose the keys, and cannot choose slow ones for this.
  using Entries = std::map<std::string, Entry, std::less<>>;

  /// On cache lines of its own, so that two threads on two shards do not disturb each other.
  struct alignas(64) Shard {
    Mutex mutex;
    Entries entries GUARDED_BY(mutex);
    /// Keys that expire, soonest first; the views are into the nodes of `entries`.
    std::set<std::pair<SteadyTime, std::string_view>> due GUARDED_BY(mutex);
  };
  static constexpr std::size_t shard_count = 64;

  [[nodiscard]] static std::size_t shard_index(std::string_view key) noexcept;
  [[nodiscard]] Shard& shard_of(std::string_view key) noexcept { return shards_[shard_index(key)]; }
  [[nodiscard]] static Entry* find(Shard& shard, std::string_view key, SteadyTime now)
      REQUIRES(shard.mutex);
  static void visit(std::string_view key, const Entry& entry,
                    const std::function<void(const Visited&)>& visitor);
  void purge(Shard& shard, SteadyTime now, std::size_t most) REQUIRES(shard.mutex);
  void erase(Shard& shard, Entries::iterator entry) REQUIRES(shard.mutex);
  void erase(Shard& shard, std::string_view key) REQUIRES(shard.mutex);
  void discharge(Entry& entry, std::size_t bytes) noexcept;
  [[nodiscard]] bool charge(std::size_t keys, std::size_t bytes, const Limits& bounds) noexcept;

  /// Runs `change(shard)` under the lock of the key's shard; when it fails for want of room, frees
  /// everything expired and tries once more.
  template <class Change>
  [[nodiscard]] auto writing(std::string_view key, SteadyTime now, Change change);
  /// The entry of `key`, made with an initial T when there is none, charged with `bytes` more.
  template <class T>
  [[nodiscard]] Result<Entry*> grow(Shard& shard, std::string_view key, std::size_t bytes,
                                    const Limits& bounds, SteadyTime now) REQUIRES(shard.mutex);
  /// Calls `visit(sets)` with the sets of all keys (null where missing), all shards locked. Not
  /// checked: which locks are held is known when it runs.
  template <class Visit>
  [[nodiscard]] Result<std::vector<std::string>> with_sets(const std::vector<std::string>& keys,
                                                           SteadyTime now, WorkLimit& limit,
                                                           Visit visit) NOT_CHECKED;

  std::array<Shard, shard_count> shards_;
  std::atomic<std::size_t> keys_{0};
  std::atomic<std::size_t> bytes_{0};
};

}  // namespace trellis::providers::keyvalue
