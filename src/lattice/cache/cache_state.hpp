// Values that a cache holds, and the changes that made them so (lattice.md 8.5, 8.8).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "lattice/cache/cache_event.hpp"

namespace trellis::lattice {

struct CacheLimits {
  std::size_t bytes;    ///< keys and values together, and the changes that are kept together
  std::size_t history;  ///< changes kept before the oldest are folded into the state they made
};

/// One thread at a time.
class CacheState {
 public:
  using List = std::vector<std::string>;
  using Set = std::set<std::string, std::less<>>;
  using Value = std::variant<std::int32_t, std::string, List, Set>;

  explicit CacheState(CacheLimits limits) : limits_(limits) {}

  /// Applies a change in place; true when something is different now. Every change counts in hwm(),
  /// also one that meets a value of another type and does nothing. Errors (limit): it would not
  /// fit; then it does not count either.
  [[nodiscard]] Result<bool> apply(const CacheEvent& event);
  /// Whether apply() would make a difference.
  [[nodiscard]] bool would_change(const CacheEvent& event) const;

  [[nodiscard]] const std::string* scalar(std::string_view key) const;
  [[nodiscard]] const Set* set(std::string_view key) const;
  [[nodiscard]] const std::map<std::string, Value, std::less<>>& values() const noexcept {
    return values_;
  }

  /// Memory of the values and of the changes that are kept.
  [[nodiscard]] std::size_t footprint() const noexcept { return bytes_ + history_bytes_; }
  /// Gives up the older half of the changes that are kept; they are folded into the state.
  void forget_history();

  /// Changes applied so far: the high watermark of the protocol.
  [[nodiscard]] std::uint64_t hwm() const noexcept { return hwm_; }
  /// Changes to send to a cache that has applied `theirs`: the newest ones that are still kept, or
  /// else the shortest list that makes this state.
  [[nodiscard]] std::vector<CacheEvent> since(std::uint64_t theirs) const;
  [[nodiscard]] std::vector<CacheEvent> rebuild() const;

 private:
  [[nodiscard]] bool change(const CacheEvent& event);
  template <class T>
  [[nodiscard]] T* as(const std::string& key);
  void fold(std::size_t events, std::size_t bytes);

  const CacheLimits limits_;
  std::map<std::string, Value, std::less<>> values_;
  std::size_t bytes_ = 0;
  std::deque<CacheEvent> history_;  // the newest ones
  std::size_t history_bytes_ = 0;
  bool complete_ = true;  // history_ holds every change there was
  std::uint64_t hwm_ = 0;
};

}  // namespace trellis::lattice
