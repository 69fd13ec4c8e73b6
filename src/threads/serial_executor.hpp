// One thread that runs jobs in the order they came: what arrives from the lattice and changes the
// host, so that a link and its removal cannot overtake each other.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>

#include "base/limits.hpp"
#include "base/mutex.hpp"
#include "trellis/clock.hpp"

namespace trellis {

/// Any thread. stop() and the destructor run what was accepted.
class SerialExecutor {
 public:
  explicit SerialExecutor(std::size_t max_bytes = limits::serial_bytes);
  ~SerialExecutor();
  SerialExecutor(const SerialExecutor&) = delete;
  SerialExecutor& operator=(const SerialExecutor&) = delete;

  /// `bytes` is what the job holds in memory. False when the serial executor is full
  /// (limits::serial_jobs, and its bytes) or stopped: the job is dropped.
  bool post(std::function<void()> job, std::size_t bytes = 0);
  /// Waits until everything posted before has run. Not from a job.
  bool settle(SteadyTime deadline);
  void stop();

 private:
  struct Job {
    std::function<void()> work;
    std::size_t bytes;
  };
  void run();

  const std::size_t max_bytes_;
  Mutex mutex_;
  Condition changed_;
  std::deque<Job> jobs_ GUARDED_BY(mutex_);
  std::size_t bytes_ GUARDED_BY(mutex_) = 0;
  std::size_t peak_ GUARDED_BY(mutex_) = 0;  ///< of bytes_, since memory was given back
  bool running_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace trellis
