#include "host/workers.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/blocking.hpp"

namespace trellis::host {
namespace {

constexpr std::size_t jobs_per_thread = 64;  // that may wait before new ones are refused
/// How long jobs may wait for running ones before one more thread takes them.
constexpr auto patience = std::chrono::milliseconds(2);
/// How long the watch looks on after jobs had to wait, before it sleeps again.
constexpr int calm_looks = 50;

}  // namespace

class Workers::Hooks final : public BlockingHooks {
 public:
  explicit Hooks(Workers& workers) : workers_(workers) {}
  bool before_block() noexcept override {
    workers_.pause();
    return true;
  }
  void after_block() noexcept override { workers_.resume(); }

 private:
  Workers& workers_;
};

Workers::Workers(std::size_t maximum)
    : maximum_(maximum), at_once_(std::max<std::size_t>(2, std::thread::hardware_concurrency())) {}

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
  if (active_ < at_once_) {
    // Without any thread the job could never run; with at least one it only waits longer.
    if (auto gone = let_one_go(); !gone && threads_.empty()) return gone;
  } else if (!std::exchange(watching_, true)) {
    if (!watch_.joinable()) watch_ = std::thread([this] { watch(); });
    saturated_.notify_one();
  }
  jobs_.push_back(std::move(job));
  return {};
}

Result<void> Workers::let_one_go() {
  if (idle_ > told_) {
    ++told_;
    ++active_;
    changed_.notify_one();
    return {};
  }
  if (threads_.size() >= maximum_) return {};
  auto thread = engine::GuestThread::start("trellis-worker", [this] { work(); });
  if (!thread) return pass(thread);
  threads_.push_back(std::move(*thread));
  ++active_;
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

// Counted as active from before it was woken or made.
void Workers::work() {
  Hooks hooks(*this);
  std::unique_lock lock(mutex_);
  while (true) {
    while (!jobs_.empty()) {
      auto job = std::move(jobs_.front());
      jobs_.pop_front();
      ++taken_;
      lock.unlock();
      {
        const ThreadBlockingHooks tell(&hooks);
        job();
        job = nullptr;  // what it holds is released before the next wait
      }
      lock.lock();
      ++done_;
    }
    --active_;
    if (stopping_ && done_ == taken_) finished_.notify_all();
    ++idle_;
    changed_.wait(lock, [&] { return ended_ || told_ > 0; });
    --idle_;
    if (ended_) return;
    --told_;
  }
}

void Workers::pause() {
  const std::scoped_lock lock(mutex_);
  --active_;
  if (!jobs_.empty() && active_ < at_once_) static_cast<void>(let_one_go());
}

void Workers::resume() {
  const std::scoped_lock lock(mutex_);
  ++active_;
}

void Workers::watch() {
  std::unique_lock lock(mutex_);
  while (!ended_) {
    saturated_.wait(lock, [&] { return ended_ || watching_; });
    for (int calm = 0; calm < calm_looks && !ended_; ++calm) {
      const auto before = taken_;
      saturated_.wait_for(lock, patience, [&] { return ended_; });
      if (jobs_.empty()) continue;
      calm = 0;
      if (taken_ == before) static_cast<void>(let_one_go());
    }
    watching_ = false;
  }
}

void Workers::stop() {
  std::list<engine::GuestThread> threads;
  std::thread watch;
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    finished_.wait(lock, [&] { return jobs_.empty() && done_ == taken_; });
    ended_ = true;
    threads.swap(threads_);
    watch.swap(watch_);
  }
  changed_.notify_all();
  saturated_.notify_all();
  threads.clear();  // joins
  if (watch.joinable()) watch.join();
}

}  // namespace trellis::host
