// The threads on which a provider that may block runs its calls.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <string>

#include "base/mutex.hpp"
#include "threads/thread_group.hpp"
#include "trellis/bytes.hpp"
#include "trellis/provider.h"
#include "trellis/result.hpp"

namespace trellis::provider {

/// One call, with copies of what the caller passed: it may outlive the caller's patience.
struct Job {
  trellis_call number = TRELLIS_NO_CALL;
  std::uint64_t chain_id = 0;
  std::uint32_t chain_depth = 0;
  std::int64_t deadline_ns = 0;
  std::size_t origin_size = 0;
  std::size_t operation_size = 0;
  Bytes data;  ///< origin, operation and payload, one after the other
};

/// A bounded queue and threads made on demand, which leave after idling. A call whose caller gave
/// up is taken from the queue; when it is running, its thread counts as stuck and is replaced until
/// the call returns. Any thread. Lock order: mutex_, then the thread group's.
class Executor {
 public:
  struct Options {
    std::string label;  ///< of the provider, for error texts
    std::size_t queue = 0;
    std::size_t threads = 0;        ///< at most, stuck ones not counted; 1 = calls never overlap
    std::size_t stuck_threads = 0;  ///< beyond so many hanging calls new ones fail at once
    std::chrono::milliseconds idle{0};
  };

  /// `run` makes the call; it must not throw. `waited_for` says whether somebody still waits for
  /// the call's answer; it must not call back into the executor.
  Executor(Options options, std::function<void(const Job&)> run,
           std::function<bool(trellis_call)> waited_for);
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// Queues the call, or says why not: busy (queue full, calls hang), limit (a call of the
  /// same chain occupies the only thread), cancelled (refusing), unavailable (no thread).
  [[nodiscard]] Result<void> submit(Job job);
  /// The caller of `number` gave up. True when the call had not begun and now never will.
  bool caller_left(trellis_call number);
  /// Drops what is queued, refuses everything new, lets idle threads go.
  void refuse();

  [[nodiscard]] std::size_t running() const;  ///< calls being executed
  [[nodiscard]] std::size_t stuck() const;
  /// Until all threads have ended (after refuse()); false when one hangs.
  bool wait(SteadyTime deadline, const Clock& clock) { return threads_.wait(deadline, clock); }
  /// See ThreadGroup::abandon.
  void abandon() { threads_.abandon(); }

 private:
  struct Running {
    trellis_call number;
    std::uint64_t chain_id;
    bool stuck;
  };

  [[nodiscard]] bool serial() const noexcept { return options_.threads == 1; }
  [[nodiscard]] Result<void> admit(const Job& job) const REQUIRES(mutex_);
  [[nodiscard]] bool hangs() const noexcept REQUIRES(mutex_);
  [[nodiscard]] bool may_grow() const noexcept REQUIRES(mutex_);
  Result<void> grow() REQUIRES(mutex_);
  void work();
  bool next(Job& job, MutexLock& lock) REQUIRES(mutex_);
  void execute(const Job& job) REQUIRES(mutex_);

  const Options options_;
  const std::function<void(const Job&)> run_;
  const std::function<bool(trellis_call)> waited_for_;

  mutable Mutex mutex_;
  Condition wake_;
  std::deque<Job> queue_ GUARDED_BY(mutex_);
  std::list<Running> running_ GUARDED_BY(mutex_);
  std::size_t workers_ GUARDED_BY(mutex_) = 0;  ///< threads, stuck ones included
  std::size_t idle_ GUARDED_BY(mutex_) = 0;
  std::size_t stuck_ GUARDED_BY(mutex_) = 0;
  std::size_t left_waiting_ GUARDED_BY(mutex_) = 0;  ///< callers that gave up since a call hangs
  bool refusing_ GUARDED_BY(mutex_) = false;
  ThreadGroup threads_;  ///< last: its destructor waits for threads that use the rest
};

}  // namespace trellis::provider
