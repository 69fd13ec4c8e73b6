#include "host/lane.hpp"

#include <utility>

#include "base/guard.hpp"
#include "base/limits.hpp"

namespace trellis::host {

Lane::Lane() : thread_([this] { run(); }) {}

Lane::~Lane() {
  stop();
}

bool Lane::post(std::function<void()> job, std::size_t bytes) {
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_ || jobs_.size() >= limits::lane_jobs || bytes_ + bytes > limits::lane_bytes) {
      return false;
    }
    jobs_.push_back({std::move(job), bytes});
    bytes_ += bytes;
  }
  changed_.notify_all();
  return true;
}

bool Lane::settle(SteadyTime deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, deadline, [&] { return jobs_.empty() && !running_; });
}

void Lane::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    bytes_ -= job.bytes;
    running_ = true;
    lock.unlock();
    survived(job.work);
    job.work = nullptr;  // what it holds is released before the next wait
    lock.lock();
    running_ = false;
    if (jobs_.empty()) changed_.notify_all();
  }
}

void Lane::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace trellis::host
