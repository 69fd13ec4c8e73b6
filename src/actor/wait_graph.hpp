// Graph of who waits for whom among the call chains of one host, so that a wait that could never
// end is refused at once instead of running into its deadline (docs/architecture.md).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "base/mutex.hpp"

namespace trellis::actor {

/// Something chains wait for: a pool of instances, each held by a chain.
class Resource {
 public:
  virtual ~Resource() = default;
  /// Calls visit(chain id) for every chain that holds one of the places a waiter could get.
  virtual void for_each_holder(bool nested,
                               const std::function<void(std::uint64_t)>& visit) const = 0;
};

/// One wait. Lives on the waiting thread's stack from WaitGraph::enter to leave.
struct Wait {
  std::uint64_t chain = 0;
  bool nested = false;
  const Resource* resource = nullptr;
  std::atomic<bool> granted{false};  ///< set by whoever ends the wait, before the waiter has left
};

/// Any thread. Its lock is taken before any lock of a pool, and only when a call has to wait.
class WaitGraph {
 public:
  /// Registers the wait; false (and not registered) when every place it could get is held by chains
  /// that themselves wait, directly or through others, for `wait.chain`.
  [[nodiscard]] bool enter(Wait& wait);
  void leave(Wait& wait);

 private:
  [[nodiscard]] bool closes_loop(const Wait& wait) const REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::unordered_multimap<std::uint64_t, Wait*> waits_ GUARDED_BY(mutex_);  ///< by chain
};

}  // namespace trellis::actor
