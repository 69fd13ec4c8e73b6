// Time limits of a connection: set by its own handlers, enforced by the sweeper, which may only
// shut the socket down.
#include <sys/socket.h>

#include <algorithm>

#include "providers/httpserver/connection.hpp"

namespace trellis::providers::httpserver {
namespace {

/// Bytes that earn a slow peer another stretch of time.
constexpr std::size_t fair_share = 16 * 1024;
/// Time in which a client that was too slow may read that it was.
constexpr std::chrono::seconds grace{2};

}  // namespace

void ConnectionBase::enter(Phase phase, std::chrono::milliseconds allowed) noexcept {
  moved_ = 0;
  // Handler has its own limit, the timeout of the dispatch; cutting the connection would not end
  // it.
  if (phase == Phase::handling) {
    deadline_.clear();
  } else {
    deadline_.set(clock_.coarse() + allowed);
  }
  phase_ = phase;
}

void ConnectionBase::proceed(Phase phase, std::chrono::milliseconds allowed,
                             std::size_t held) noexcept {
  // Time is bought with bytes: a client that drips keeps its connection, and the memory held for
  // it, no longer than a silent one.
  if (phase_ != phase || moved_ >= std::max(fair_share, held / 32)) enter(phase, allowed);
}

void ConnectionBase::sweep(SteadyTime now) noexcept {
  if (last_.passed(now)) return cut();
  if (!deadline_.passed(now)) return;
  switch (phase_.load()) {
    case Phase::handling: return;
    case Phase::idle:
    case Phase::receiving:
      // Reading half only at first: a slow sender is told so.
      if (expired_.exchange(true)) return cut();
      deadline_.set(now + grace);
      return shut_down(SHUT_RD);
    case Phase::writing:
    case Phase::closing: return cut();
  }
}

void ConnectionBase::drain(SteadyTime last) noexcept {
  last_.set(last);
  // Connection looks at ServedAddress::closing() after it has become idle, and closing() is set
  // already.
  if (phase_ == Phase::idle) return shut_down(SHUT_RD);
  // Request that is still on its way gets a moment: a slow sender must not hold up a stop. Once the
  // connection has gone on to another phase this changes nothing.
  if (phase_ == Phase::receiving) deadline_.shorten(clock_.coarse() + grace);
}

void ConnectionBase::cut() noexcept {
  shut_down(SHUT_RDWR);
}

void ConnectionBase::attach(int descriptor) noexcept {
  const MutexLock lock(descriptor_mutex_);
  descriptor_ = descriptor;
}

void ConnectionBase::detach() noexcept {
  const MutexLock lock(descriptor_mutex_);
  descriptor_ = -1;
}

void ConnectionBase::shut_down(int how) noexcept {
  const MutexLock lock(descriptor_mutex_);
  if (descriptor_ >= 0) ::shutdown(descriptor_, how);
}

}  // namespace trellis::providers::httpserver
