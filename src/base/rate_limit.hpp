// Keeps repeated log records short: one per kind and interval, the rest counted.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "trellis/clock.hpp"

namespace trellis {

/// `Kind` is an enum whose values are 0 … kinds-1. No allocation, no lock; any thread.
///
///   if (const auto hidden = limit_.admit(Kind::late, now)) log_.warn("… ({} more)", *hidden);
template <class Kind, std::size_t kinds>
class RateLimit {
 public:
  explicit RateLimit(SteadyTime::duration interval) noexcept : interval_(interval.count()) {}

  /// Nothing when the record is to be dropped (it is counted); else how many were dropped since the
  /// last one that passed.
  [[nodiscard]] std::optional<std::uint64_t> admit(Kind kind, SteadyTime now) noexcept {
    auto& slot = slots_.at(static_cast<std::size_t>(kind));
    const auto time = now.time_since_epoch().count();
    auto next = slot.next.load(std::memory_order_relaxed);
    // One of several threads that come at the same moment wins the exchange and speaks for all.
    if (time < next || !slot.next.compare_exchange_strong(next, time + interval_)) {
      slot.dropped.fetch_add(1, std::memory_order_relaxed);
      return std::nullopt;
    }
    return slot.dropped.exchange(0, std::memory_order_relaxed);
  }

 private:
  using Ticks = SteadyTime::rep;
  struct Slot {
    std::atomic<Ticks> next{std::numeric_limits<Ticks>::min()};
    std::atomic<std::uint64_t> dropped{0};
  };

  const Ticks interval_;
  std::array<Slot, kinds> slots_;
};

}  // namespace trellis
