#include "host/workers.hpp"

#include <utility>

namespace trellis::host {
namespace {

constexpr std::size_t jobs_per_thread = 64;  // that may wait before new ones are refused

}  // namespace

Workers::Workers(std::size_t maximum) : maximum_(maximum) {}

Workers::~Workers() {
  stop();
}

Result<void> Workers::post(std::function<void()> job) {
  const std::scoped_lock lock(mutex_);
  if (stopping_) return fail(ErrorCode::cancelled, "the host is stopping");
  if (jobs_.size() >= maximum_ * jobs_per_thread) {
    return fail(ErrorCode::busy, "too many calls wait for a worker thread of the host",
                "raise HostOptions::worker_threads, or make fewer calls at once");
  }
  if (idle_ <= jobs_.size() && threads_.size() < maximum_) {
    auto thread = engine::GuestThread::start("trellis-worker", [this] { work(); });
    // Without any thread the job could never run; with at least one it only waits longer.
    if (!thread && threads_.empty()) return pass(thread);
    if (thread) threads_.push_back(std::move(*thread));
  }
  jobs_.push_back(std::move(job));
  changed_.notify_one();
  return {};
}

Result<void> Workers::run_and_wait(std::function<void()> job) {
  std::mutex mutex;
  std::condition_variable done;
  bool finished = false;
  auto posted = post([&] {
    job();
    const std::scoped_lock lock(mutex);
    finished = true;
    done.notify_one();
  });
  if (!posted) return posted;
  // No time limit here: jobs carry deadlines of their own, and this frame is what they write to.
  std::unique_lock lock(mutex);
  done.wait(lock, [&] { return finished; });
  return {};
}

void Workers::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [&] { return stopping_ || !jobs_.empty(); });
    --idle_;
    if (jobs_.empty()) return;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr;  // what it holds is released before the next wait
    lock.lock();
  }
}

void Workers::stop() {
  std::list<engine::GuestThread> threads;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    threads.swap(threads_);
  }
  changed_.notify_all();
  threads.clear();  // joins
}

}  // namespace trellis::host
