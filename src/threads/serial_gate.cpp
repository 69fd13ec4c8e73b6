#include "threads/serial_gate.hpp"

#include "threads/blocking.hpp"
#include "threads/waiting.hpp"

namespace trellis {

bool SerialGate::enter(std::uint64_t chain_id, SteadyTime deadline, const Clock& clock) {
  int expected = free_;
  if (!state_.compare_exchange_strong(expected, taken) && !wait(deadline, clock)) return false;
  holder_.store(chain_id, std::memory_order_relaxed);
  return true;
}

bool SerialGate::wait(SteadyTime deadline, const Clock& clock) {
  const BlockingScope scope;
  if (!scope.allowed()) return false;
  MutexLock lock(mutex_);
  // From here on the state says that somebody sleeps; once too often only wakes in vain.
  while (state_.exchange(contended) != free_) {
    const auto now = clock.steady();
    if (now >= deadline) return false;
    wake_.wait_for(lock, wait_span(now, deadline));
  }
  return true;
}

void SerialGate::leave() noexcept {
  // Holder goes first: as soon as the state is free the next one writes its own.
  holder_.store(0, std::memory_order_relaxed);
  if (state_.exchange(free_) != contended) return;
  // Lock is taken, so that the wake-up cannot fall between a sleeper's look at the state and its
  // sleep.
  const MutexLock lock(mutex_);
  wake_.notify_one();
}

}  // namespace trellis
