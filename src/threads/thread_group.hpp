// Threads that come and go, and are all gone at the end.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <string_view>

#include "base/mutex.hpp"
#include "threads/guest_thread.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"

namespace trellis {

/// Starts threads that may enter guests (a plugin dispatches from them) and joins those that have
/// ended (at the next start, in wait and in the destructor). All members may be called from any
/// thread, but not the destructor from a thread of the group.
class ThreadGroup {
 public:
  ThreadGroup() = default;
  ~ThreadGroup();  ///< waits without limit: call wait() first where a thread may hang
  ThreadGroup(const ThreadGroup&) = delete;
  ThreadGroup& operator=(const ThreadGroup&) = delete;

  /// Runs `body`, which must not throw, on a new thread. `limit` bounds the threads running at
  /// once (busy when reached); unavailable when the system gives none.
  [[nodiscard]] Result<void> start(std::string_view name, std::size_t limit,
                                   std::function<void()> body);
  [[nodiscard]] std::size_t running() const;
  /// Until no thread runs, at most until `deadline`; false when one still does.
  bool wait(SteadyTime deadline, const Clock& clock);
  /// Threads will not be joined: they give their resources back by themselves when they end, if
  /// they ever do. The group must then live for ever.
  void abandon();

 private:
  using Threads = std::list<GuestThread>;
  void run(Threads::iterator self, const std::function<void()>& body);
  void join_ended();

  mutable Mutex mutex_;
  Condition ended_signal_;
  Threads threads_ GUARDED_BY(mutex_);  ///< running
  Threads ended_ GUARDED_BY(mutex_);    ///< past their body, to be joined
  bool abandoned_ GUARDED_BY(mutex_) = false;
};

}  // namespace trellis
