// One timer for the time limits of many connections.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>

#include "providers/net/asio.hpp"

namespace trellis::providers {

/// CLOCK_MONOTONIC to a few milliseconds, in nanoseconds, for a fraction of its price.
[[nodiscard]] std::int64_t coarse_now_ns() noexcept;

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
  std::mutex mutex_;  // taken with no other held
  net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>,
                            Executor>
      timer_;           // under mutex_
  bool awake_ = false;  // under mutex_
};

}  // namespace trellis::providers
