#include "threads/timer.hpp"

#include <algorithm>
#include <utility>

#include "base/guard.hpp"

namespace trellis {

Timer::Timer() : thread_([this] { run(); }) {}

Timer::~Timer() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Timer::JobId Timer::at(SteadyTime when, std::function<void()> job) {
  JobId id = 0;
  {
    const MutexLock lock(mutex_);
    id = next_id_++;
    jobs_.emplace(when, std::pair(id, std::move(job)));
  }
  changed_.notify_all();
  return id;
}

Timer::JobId Timer::after(std::chrono::milliseconds delay, std::function<void()> job) {
  return at(std::chrono::steady_clock::now() + delay, std::move(job));
}

bool Timer::cancel(JobId id) {
  const MutexLock lock(mutex_);
  const auto found = std::find_if(jobs_.begin(), jobs_.end(),
                                  [id](const auto& entry) { return entry.second.first == id; });
  if (found == jobs_.end()) return false;
  jobs_.erase(found);
  return true;
}

void Timer::run() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    if (jobs_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto due = jobs_.begin()->first;
    if (std::chrono::steady_clock::now() < due) {
      changed_.wait_until(lock, due);
      continue;
    }
    // Job is taken out before it runs: from now on cancel() says that it is too late.
    auto job = std::move(jobs_.begin()->second.second);
    jobs_.erase(jobs_.begin());
    // Unlocked for the job, which may set timers.
    lock.unlock();
    survived(job);
    lock.lock();
  }
}

}  // namespace trellis
