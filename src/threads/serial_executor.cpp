#include "threads/serial_executor.hpp"

#include <malloc.h>

#include <algorithm>
#include <utility>

#include "base/guard.hpp"
#include "base/limits.hpp"

namespace trellis {
namespace {

/// Bytes that must have waited at one time for the allocator to be asked to give memory back.
constexpr std::size_t worth_giving_back = 4 * limits::mib;

}  // namespace

SerialExecutor::SerialExecutor(std::size_t max_bytes)
    : max_bytes_(max_bytes), thread_([this] { run(); }) {}

SerialExecutor::~SerialExecutor() {
  stop();
}

bool SerialExecutor::post(std::function<void()> job, std::size_t bytes) {
  {
    const MutexLock lock(mutex_);
    if (stopping_ || jobs_.size() >= limits::serial_jobs || bytes_ + bytes > max_bytes_) {
      return false;
    }
    jobs_.push_back({std::move(job), bytes});
    bytes_ += bytes;
    peak_ = std::max(peak_, bytes_);
  }
  // All are woken, because the thread and those that settle wait for one condition.
  changed_.notify_all();
  return true;
}

bool SerialExecutor::settle(SteadyTime deadline) {
  MutexLock lock(mutex_);
  return changed_.wait_until(lock, deadline,
                             [&]() REQUIRES(mutex_) { return jobs_.empty() && !running_; });
}

void SerialExecutor::run() {
  MutexLock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&]() REQUIRES(mutex_) { return stopping_ || !jobs_.empty(); });
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
    if (!jobs_.empty()) continue;
    changed_.notify_all();
    if (std::exchange(peak_, 0) < worth_giving_back) continue;
    // Many blocks of all sizes were freed by another thread than took them: without this the
    // allocator keeps them, and a flood leaves the process large for ever.
    lock.unlock();
    ::malloc_trim(0);
    lock.lock();
  }
}

void SerialExecutor::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace trellis
