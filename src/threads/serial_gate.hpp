// One at a time, with a deadline: around handle_call of a non-blocking provider that is not
// flagged concurrent.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/mutex.hpp"
#include "trellis/clock.hpp"

namespace trellis {

/// A mutex whose free case is one exchange and whose wait ends at a deadline of our clock. Any
/// thread; leave() on the thread that entered. Not recursive: ask held_by_chain() first.
class SerialGate {
 public:
  /// Whether a call of this chain is inside, so that waiting could never end. 0 is no chain.
  [[nodiscard]] bool held_by_chain(std::uint64_t chain_id) const noexcept {
    return chain_id != 0 && holder_.load(std::memory_order_relaxed) == chain_id;
  }
  /// False when `deadline` passed first, or when the wait was refused (threads/blocking.hpp).
  [[nodiscard]] bool enter(std::uint64_t chain_id, SteadyTime deadline, const Clock& clock);
  void leave() noexcept;

 private:
  enum State : int { free_, taken, contended };

  bool wait(SteadyTime deadline, const Clock& clock);

  std::atomic<int> state_{free_};
  std::atomic<std::uint64_t> holder_{0};
  Mutex mutex_;  ///< only for sleeping and waking
  Condition wake_;
};

}  // namespace trellis
