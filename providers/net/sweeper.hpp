// One timer for the time limits of many connections.
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>

#include "providers/net/asio.hpp"
#include "threads/mutex.hpp"

namespace trellis::providers {

/// CLOCK_MONOTONIC to a few milliseconds, in nanoseconds, for a fraction of its price.
[[nodiscard]] std::int64_t coarse_now_ns() noexcept;

/// A time limit that somebody sweeps: an atomic that is compared now and then, instead of a timer
/// that is set and cancelled for each step of a connection. None at first. Any thread.
class Deadline {
 public:
  void set(std::int64_t at_ns) noexcept { at_ns_ = at_ns; }
  /// From now on.
  void set_in(std::chrono::milliseconds allowed) noexcept {
    at_ns_ = coarse_now_ns() + std::chrono::nanoseconds(allowed).count();
  }
  void clear() noexcept { at_ns_ = never; }
  /// Earlier, if it is later; nothing when another thread sets it at the same moment.
  void shorten(std::int64_t at_ns) noexcept {
    auto current = at_ns_.load();
    if (at_ns < current) at_ns_.compare_exchange_strong(current, at_ns);
  }
  [[nodiscard]] bool passed(std::int64_t now_ns) const noexcept { return now_ns >= at_ns_; }

 private:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
  std::atomic<std::int64_t> at_ns_{never};
};

/// Calls `sweep` every `interval` on an I/O thread for as long as `more` says that there is
/// something to look after. The context must have ended before the sweeper goes.
class Sweeper {
 public:
  static constexpr std::chrono::milliseconds interval{100};

  Sweeper(net::io_context& context, std::function<void()> sweep, std::function<bool()> more);

  /// Something new is there. Any thread; never calls `sweep` or `more` itself.
  void wake();

 private:
  void on_timer();

  const std::function<void()> sweep_;
  const std::function<bool()> more_;
  Mutex mutex_;  // taken with no other held
  net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>,
                            Executor>
      timer_ GUARDED_BY(mutex_);
  bool awake_ GUARDED_BY(mutex_) = false;
};

}  // namespace trellis::providers
