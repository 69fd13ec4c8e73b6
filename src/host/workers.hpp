// Threads of the host that may enter guests, for work that arrives on threads that may not: calls
// of an embedder, bindings, health checks.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "engine/guest_thread.hpp"
#include "trellis/result.hpp"

namespace trellis::host {

/// Runs jobs, each on one of its threads; makes a thread when all are busy, up to the maximum.
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
  [[nodiscard]] Result<void> run_and_wait(std::function<void()> job);
  void work();

  const std::size_t maximum_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;  // under mutex_
  std::list<engine::GuestThread> threads_;  // under mutex_
  std::size_t idle_ = 0;                    // under mutex_
  bool stopping_ = false;                   // under mutex_
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
