// Threads of the host that may enter guests, for work that arrives on threads that may not: calls
// of an embedder, bindings, health checks.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "engine/guest_thread.hpp"
#include "trellis/result.hpp"

namespace trellis::host {

/// Runs jobs, each on one of its threads. As many run at once as there are cores: more would only
/// take turns. A thread that waits (BlockingScope) does not count, and when nothing moves for a
/// moment (guests that compute for long) one more is let go, up to the maximum.
/// Any thread. stop() and the destructor finish what was accepted.
class Workers {
 public:
  explicit Workers(std::size_t maximum);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// Queues a job. Busy when too many wait already, cancelled once stop() was called.
  [[nodiscard]] Result<void> post(std::function<void()> job);

  /// Runs `job` on a worker (or right here when this thread may enter guests) and waits for it.
  template <class T>
  [[nodiscard]] Result<T> run(std::function<Result<T>()> job);

  /// Refuses new jobs, finishes accepted ones, ends the threads.
  void stop();

 private:
  /// Of one thread: tells that it waits, so that another may run meanwhile.
  class Hooks;

  [[nodiscard]] Result<void> run_and_wait(std::function<void()> job);
  [[nodiscard]] Result<void> let_one_go();  // requires mutex_
  void work();
  void watch();
  void pause();  // of a thread that waits
  void resume();

  const std::size_t maximum_;
  const std::size_t at_once_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable saturated_;
  std::condition_variable finished_;
  std::deque<std::function<void()>> jobs_;  // under mutex_
  std::list<engine::GuestThread> threads_;  // under mutex_
  std::thread watch_;                       // under mutex_; there once all cores were busy
  std::size_t active_ = 0;                  // under mutex_: run, or were told to
  std::size_t idle_ = 0;                    // under mutex_
  std::size_t told_ = 0;                    // under mutex_: of the idle ones, to take a job
  std::uint64_t taken_ = 0;                 // under mutex_: jobs so far
  std::uint64_t done_ = 0;                  // under mutex_: and those of them that have ended
  bool watching_ = false;                   // under mutex_
  bool stopping_ = false;                   // under mutex_: nothing new is taken
  bool ended_ = false;                      // under mutex_: everything is done
};

template <class T>
Result<T> Workers::run(std::function<Result<T>()> job) {
  if (engine::guest_stack()) return job();
  Result<T> result = fail(ErrorCode::internal, "the job did not run");
  auto ran = run_and_wait([&] { result = job(); });
  if (!ran) return pass(ran);
  return result;
}

}  // namespace trellis::host
