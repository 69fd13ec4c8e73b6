// One thread that runs short jobs at given times.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <thread>

#include "base/mutex.hpp"
#include "trellis/clock.hpp"

namespace trellis {

/// Jobs run on the timer's own thread, one after the other, so they must only hand work on. Any
/// thread may call any member; the destructor waits for a running job and drops the rest.
class Timer {
 public:
  using JobId = std::uint64_t;

  Timer();
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Runs `job` once at `when` (at once if that has passed).
  JobId at(SteadyTime when, std::function<void()> job);
  JobId after(std::chrono::milliseconds delay, std::function<void()> job);
  /// False when the job has run, is running, or never was.
  bool cancel(JobId id);

 private:
  void run();

  Mutex mutex_;
  Condition changed_;
  std::multimap<SteadyTime, std::pair<JobId, std::function<void()>>> jobs_ GUARDED_BY(mutex_);
  JobId next_id_ GUARDED_BY(mutex_) = 1;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace trellis
