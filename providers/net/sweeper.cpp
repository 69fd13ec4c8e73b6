#include "providers/net/sweeper.hpp"

#include <utility>

namespace trellis::providers {

Sweeper::Sweeper(net::io_context& context, std::function<void()> sweep, std::function<bool()> more)
    : sweep_(std::move(sweep)), more_(std::move(more)), timer_(context) {}

void Sweeper::wake() {
  const MutexLock lock(mutex_);
  // Timer runs only while there is something to sweep, so that an idle host wakes for nothing.
  if (std::exchange(awake_, true)) return;
  timer_.expires_after(interval);
  timer_.async_wait([this](const AsioError& error) {
    if (!error) on_timer();
  });
}

void Sweeper::on_timer() {
  sweep_();
  {
    const MutexLock lock(mutex_);
    awake_ = false;
  }
  // Order matters: what comes now either is seen here or wakes the timer itself.
  if (more_()) wake();
}

}  // namespace trellis::providers
