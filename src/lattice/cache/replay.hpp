// One question to a peer for the changes it knows, and what comes back (lattice.md 8.6).
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "base/mutex.hpp"
#include "lattice/cache/cache_event.hpp"
#include "trellis/bytes.hpp"

namespace trellis::lattice {

struct ReplayPatience {
  std::chrono::milliseconds ack{1000};    ///< for the first answer; first-party hosts wait 2 s
  std::chrono::milliseconds event{1000};  ///< without one of the changes that were announced
  std::chrono::milliseconds all{30000};   ///< for everything: nobody can hold up a join for ever
};

/// Any thread; one waits. Bounded in number and bytes, whatever the peer announces.
class Replay {
 public:
  enum class Outcome {
    nobody,  ///< no answer; not an error, this cache may be the first
    complete,
    incomplete,  ///< changes that were announced did not come, or could not be taken
  };

  /// For each message that arrives: first the acknowledgement, then bare changes. Quick enough for
  /// the thread that reads from the network, so that a peer sends no faster than this keeps up.
  void receive(ByteView payload);
  /// Waits until all is there or patience ends.
  [[nodiscard]] Outcome wait(const ReplayPatience& patience);
  /// Ends a wait.
  void cancel();
  /// Changes that came, in order. After wait().
  [[nodiscard]] std::vector<CacheEvent> take();

 private:
  /// True for the last one, so that who waits wakes once and not for each.
  bool take_event(ByteView payload) REQUIRES(mutex_);

  Mutex mutex_;
  Condition arrived_;
  bool answered_ GUARDED_BY(mutex_) = false;
  bool nobody_ GUARDED_BY(mutex_) = false;
  bool refused_ GUARDED_BY(mutex_) = false;
  std::uint64_t expected_ GUARDED_BY(mutex_) = 0;
  std::uint64_t received_ GUARDED_BY(mutex_) = 0;
  std::size_t bytes_ GUARDED_BY(mutex_) = 0;
  std::vector<CacheEvent> events_ GUARDED_BY(mutex_);
};

}  // namespace trellis::lattice
