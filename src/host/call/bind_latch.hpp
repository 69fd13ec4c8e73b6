// Latch that holds calls back while a provider does not know of their link yet (host.md 9.4).
#pragma once

#include <atomic>

#include "base/mutex.hpp"
#include "trellis/clock.hpp"

namespace trellis::host {

/// Closed until the first BindActor of a link is done, and again while a provider that began anew
/// is told everything. Any thread.
class BindLatch {
 public:
  [[nodiscard]] bool open() const noexcept { return open_.load(std::memory_order_acquire); }
  void set(bool open) const {
    {
      const MutexLock lock(mutex_);
      open_.store(open, std::memory_order_release);
    }
    changed_.notify_all();
  }
  /// Waits until it is open, at most until `deadline`.
  void wait(SteadyTime deadline) const {
    MutexLock lock(mutex_);
    changed_.wait_until(lock, deadline, [this]() REQUIRES(mutex_) { return open(); });
  }

 private:
  mutable std::atomic<bool> open_{false};
  mutable Mutex mutex_;
  mutable Condition changed_;
};

}  // namespace trellis::host
