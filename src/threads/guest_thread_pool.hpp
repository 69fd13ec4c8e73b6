// Threads of the host that may enter guests, for work that arrives on threads that may not: calls
// of an embedder, bindings, health checks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/guard.hpp"
#include "base/limits.hpp"
#include "base/mutex.hpp"
#include "threads/guest_thread.hpp"
#include "trellis/result.hpp"

namespace trellis {

/// Owner of a job, and what it keeps while it waits.
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
  /// Seat of one thread: what it is doing.
  struct Seat;

  [[nodiscard]] Result<void> run_and_wait(std::function<void()> job, const JobTerms& terms);
  [[nodiscard]] Result<void> room_for(const Owner& owner, const JobTerms& terms) const
      REQUIRES(mutex_);
  [[nodiscard]] bool may_run(const Owner& owner) const noexcept REQUIRES(mutex_);
  [[nodiscard]] Owners::iterator next_owner() REQUIRES(mutex_);
  [[nodiscard]] Result<void> let_one_go() REQUIRES(mutex_);
  void call_watch() REQUIRES(mutex_);
  void look() REQUIRES(mutex_);

  void work();
  /// Without the lock while the job runs.
  void run_one(Seat& seat, Owners::iterator owner) REQUIRES(mutex_);
  void watch();

  const std::size_t maximum_;
  const std::size_t at_once_;
  const std::size_t queue_bytes_;
  Mutex mutex_;
  Condition changed_;
  Condition saturated_;
  Condition finished_;
  Owners owners_ GUARDED_BY(mutex_);                      ///< those with jobs that wait or run
  std::list<Owners::iterator> turns_ GUARDED_BY(mutex_);  ///< those with jobs that wait
  std::list<GuestThread> threads_ GUARDED_BY(mutex_);
  std::list<Seat*> seats_ GUARDED_BY(mutex_);
  std::thread watch_ GUARDED_BY(mutex_);        ///< there once all cores were busy
  std::size_t waiting_ GUARDED_BY(mutex_) = 0;  ///< jobs of all owners
  std::size_t waiting_bytes_ GUARDED_BY(mutex_) = 0;
  std::size_t running_ GUARDED_BY(mutex_) = 0;  ///< threads inside jobs
  std::size_t active_ GUARDED_BY(mutex_) = 0;   ///< run, or were told to
  std::size_t idle_ GUARDED_BY(mutex_) = 0;
  std::size_t told_ GUARDED_BY(mutex_) = 0;     ///< of the idle ones, to take a job
  std::uint64_t looks_ GUARDED_BY(mutex_) = 0;  ///< of the watch
  bool watching_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;  ///< nothing new is taken
  bool ended_ GUARDED_BY(mutex_) = false;     ///< everything is done
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
