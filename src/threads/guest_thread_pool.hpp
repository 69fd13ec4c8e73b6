// Threads of the host that may enter guests, for work that arrives on threads that may not: calls
// of an embedder, bindings, health checks.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/guard.hpp"
#include "base/limits.hpp"
#include "threads/guest_thread.hpp"
#include "trellis/result.hpp"

namespace trellis {

/// Whose job it is, and what it keeps while it waits.
struct JobTerms {
  /// Owners take turns, and none may crowd out the others. Empty: the host itself, which shares its
  /// turn but not the bounds.
  std::string_view owner;
  std::size_t bytes = 0;
};

/// Runs jobs, each on one of its threads. As many run at once as there are cores: more would only
/// take turns. A thread that waits (BlockingScope) or stays in one job for long while others wait
/// does not count, and another is let go in its place, up to the maximum.
///
/// Owners share threads and queue by dynamic thresholds: one may have twice as many threads as are
/// free, and as many waiting jobs and bytes as there is room left. So each gets most of everything
/// while it is alone, and none the last of anything.
/// Any thread. stop() and the destructor finish what was accepted.
class GuestThreadPool {
 public:
  /// `queue_bytes` of all jobs that wait.
  explicit GuestThreadPool(std::size_t maximum,
                           std::size_t queue_bytes = limits::queued_call_bytes);
  ~GuestThreadPool();
  GuestThreadPool(const GuestThreadPool&) = delete;
  GuestThreadPool& operator=(const GuestThreadPool&) = delete;

  /// Queues a job. Busy when the owner has too much waiting already, cancelled once stop() was
  /// called.
  [[nodiscard]] Result<void> post(std::function<void()> job, const JobTerms& terms = {});

  /// Runs `job` on a worker (or right here when this thread may enter guests) and waits for it.
  template <class T>
  [[nodiscard]] Result<T> run(std::function<Result<T>()> job, const JobTerms& terms = {});

  /// Refuses new jobs, finishes accepted ones, ends the threads.
  void stop();

 private:
  struct Job {
    std::function<void()> run;
    std::size_t bytes = 0;
  };
  struct Owner {
    std::deque<Job> jobs;
    std::size_t bytes = 0;    // of the jobs
    std::size_t running = 0;  // threads in its jobs
    bool is_host = false;
  };
  using Owners = std::map<std::string, Owner, std::less<>>;
  /// What one thread is doing.
  struct Seat;

  [[nodiscard]] Result<void> run_and_wait(std::function<void()> job, const JobTerms& terms);
  // All of these require mutex_.
  [[nodiscard]] Result<void> room_for(const Owner& owner, const JobTerms& terms) const;
  [[nodiscard]] bool may_run(const Owner& owner) const noexcept;
  [[nodiscard]] Owners::iterator next_owner();
  [[nodiscard]] Result<void> let_one_go();
  void call_watch();
  void look();

  void work();
  void run_one(std::unique_lock<std::mutex>& lock, Seat& seat, Owners::iterator owner);
  void watch();

  const std::size_t maximum_;
  const std::size_t at_once_;
  const std::size_t queue_bytes_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable saturated_;
  std::condition_variable finished_;
  Owners owners_;                      // under mutex_; those with jobs that wait or run
  std::list<Owners::iterator> turns_;  // under mutex_; those with jobs that wait
  std::list<GuestThread> threads_;     // under mutex_
  std::list<Seat*> seats_;             // under mutex_
  std::thread watch_;                  // under mutex_; there once all cores were busy
  std::size_t waiting_ = 0;            // under mutex_: jobs of all owners
  std::size_t waiting_bytes_ = 0;      // under mutex_
  std::size_t running_ = 0;            // under mutex_: threads inside jobs
  std::size_t active_ = 0;             // under mutex_: run, or were told to
  std::size_t idle_ = 0;               // under mutex_
  std::size_t told_ = 0;               // under mutex_: of the idle ones, to take a job
  std::uint64_t looks_ = 0;            // under mutex_: of the watch
  bool watching_ = false;              // under mutex_
  bool stopping_ = false;              // under mutex_: nothing new is taken
  bool ended_ = false;                 // under mutex_: everything is done
};

template <class T>
Result<T> GuestThreadPool::run(std::function<Result<T>()> job, const JobTerms& terms) {
  if (guest_stack()) return job();
  Result<T> result = fail(ErrorCode::internal, "the job did not run");
  auto ran = run_and_wait([&] { result = contained(job); }, terms);
  if (!ran) return pass(ran);
  return result;
}

}  // namespace trellis
