// Which invocations were accepted lately, so that none is accepted twice (D3 in host.md 6.6).
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string_view>
#include <unordered_set>

#include "base/mutex.hpp"
#include "base/random.hpp"
#include "trellis/clock.hpp"

namespace trellis::lattice {

/// Any thread; calls for different ids rarely meet. Memory is bounded by `capacity`: when it is
/// full the oldest ids are forgotten first, so under load the window gets shorter.
class ReplayWindow {
 public:
  /// A length of 0 accepts everything.
  ReplayWindow(std::chrono::seconds length, std::size_t capacity, Random& random);

  /// Enters the id. False when it was entered within the window.
  [[nodiscard]] bool accept(std::string_view id, SteadyTime now);
  [[nodiscard]] std::size_t size() const;

 private:
  static constexpr std::size_t shard_count = 16;
  using Fingerprint = std::array<std::uint64_t, 2>;
  struct Entry {
    SteadyTime when;
    Fingerprint id;
  };
  struct HashFingerprint {
    std::size_t operator()(const Fingerprint& id) const noexcept {
      return static_cast<std::size_t>(id[0]);
    }
  };
  struct Shard {
    mutable Mutex mutex;
    std::unordered_set<Fingerprint, HashFingerprint> ids GUARDED_BY(mutex);
    std::deque<Entry> order GUARDED_BY(mutex);  ///< oldest first
  };

  [[nodiscard]] Fingerprint fingerprint(std::string_view id) const noexcept;

  const SteadyTime::duration length_;
  const std::size_t capacity_;  // of one shard
  const Fingerprint secret_;    // nobody outside can make two ids collide
  std::array<Shard, shard_count> shards_;
};

}  // namespace trellis::lattice
