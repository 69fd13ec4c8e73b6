// One timer for the time limits of many connections.
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>

#include "base/mutex.hpp"
#include "providers/net/asio.hpp"
#include "trellis/clock.hpp"

namespace trellis::providers {

/// A time limit that somebody sweeps: an atomic that is compared now and then, instead of a timer
/// that is set and cancelled for each step of a connection. None at first. Any thread.
class Deadline {
 public:
  void set(SteadyTime at) noexcept { at_ = at; }
  void clear() noexcept { at_ = SteadyTime::max(); }
  /// Earlier, if it is later; nothing when another thread sets it at the same moment.
  void shorten(SteadyTime at) noexcept {
    auto current = at_.load();
    if (at < current) at_.compare_exchange_strong(current, at);
  }
  [[nodiscard]] bool passed(SteadyTime now) const noexcept { return now >= at_.load(); }

 private:
  std::atomic<SteadyTime> at_{SteadyTime::max()};
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
