#include "provider/executor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/guard.hpp"

namespace trellis::provider {

Executor::Executor(Options options, std::function<void(const Job&)> run,
                   std::function<bool(trellis_call)> waited_for)
    : options_(std::move(options)), run_(std::move(run)), waited_for_(std::move(waited_for)) {}

Result<void> Executor::submit(Job job) {
  const MutexLock lock(mutex_);
  if (auto admitted = admit(job); !admitted) return admitted;
  queue_.push_back(std::move(job));
  // Threads are made one by one as calls wait, and end when idle.
  if (idle_ < queue_.size() && may_grow()) {
    // Without any thread nobody would ever take the job; else one that exists will.
    if (auto grown = grow(); !grown && workers_ == 0) {
      queue_.pop_back();
      return grown;
    }
  }
  wake_.notify_one();
  return {};
}

Result<void> Executor::admit(const Job& job) const {
  if (refusing_) return fail(ErrorCode::cancelled, "provider is stopping");
  if (hangs()) {
    return fail(ErrorCode::busy,
                fmt::format("provider {} hangs: {} of its calls have not come back", options_.label,
                            stuck_),
                "see whether what it talks to answers; restart the provider");
  }
  // Call that was answered may still be on its way out; the chain went on meanwhile.
  const auto blocks = [&](const Running& call) {
    return call.chain_id == job.chain_id && waited_for_(call.number);
  };
  if (serial() && job.chain_id != 0 && std::ranges::any_of(running_, blocks)) {
    return fail(
        ErrorCode::limit,
        fmt::format("provider {} is already executing a call in this chain", options_.label));
  }
  if (queue_.size() >= options_.queue) {
    return fail(ErrorCode::busy, fmt::format("provider {} is busy: {} calls wait already",
                                             options_.label, queue_.size()));
  }
  return {};
}

/// Whether the plugin hangs. With one thread there is no replacement, since calls must not overlap;
/// what then counts is how many callers waited in vain behind the hanging call.
bool Executor::hangs() const noexcept {
  if (stuck_ > options_.stuck_threads) return true;
  return serial() && stuck_ > 0 && left_waiting_ > options_.stuck_threads;
}

bool Executor::may_grow() const noexcept {
  return serial() ? workers_ == 0 : workers_ - stuck_ < options_.threads;
}

Result<void> Executor::grow() {
  // Counted before it starts: the thread counts itself out.
  ++workers_;
  auto started =
      threads_.start(options_.label, std::numeric_limits<std::size_t>::max(), [this] { work(); });
  if (!started) --workers_;
  return started;
}

bool Executor::caller_left(trellis_call number) {
  const MutexLock lock(mutex_);
  if (stuck_ > 0) ++left_waiting_;
  const auto queued = std::ranges::find(queue_, number, &Job::number);
  if (queued != queue_.end()) {
    queue_.erase(queued);
    return true;
  }
  const auto running = std::ranges::find(running_, number, &Running::number);
  if (running == running_.end() || running->stuck) return false;
  // Thread that does not come back by its call's deadline is replaced; it counts again when it
  // returns.
  running->stuck = true;
  if (++stuck_ == 1) left_waiting_ = 1;
  if (idle_ < queue_.size() && may_grow()) (void)grow();
  return false;
}

void Executor::refuse() {
  const MutexLock lock(mutex_);
  refusing_ = true;
  // Callers of what waited are woken by the stop itself.
  queue_.clear();
  wake_.notify_all();
}

std::size_t Executor::running() const {
  const MutexLock lock(mutex_);
  return running_.size();
}

std::size_t Executor::stuck() const {
  const MutexLock lock(mutex_);
  return stuck_;
}

void Executor::work() {
  MutexLock lock(mutex_);
  Job job;
  while (next(job, lock)) {
    execute(job);
    job = Job();
    // Replacement was made while this thread was stuck: one of them is too many.
    if (workers_ - stuck_ > options_.threads) break;
  }
  --workers_;
}

bool Executor::next(Job& job, MutexLock& lock) {
  while (queue_.empty()) {
    if (refusing_) return false;
    ++idle_;
    const bool woken = wake_.wait_for(lock, options_.idle);
    --idle_;
    if (!woken && queue_.empty()) return false;
  }
  job = std::move(queue_.front());
  queue_.pop_front();
  return true;
}

void Executor::execute(const Job& job) {
  // Call is dropped where there is no memory to note that it runs; its caller leaves at its
  // deadline.
  std::list<Running> noted;
  if (!survived([&] { noted.push_back({job.number, job.chain_id, false}); })) return;
  const auto self = noted.begin();
  running_.splice(running_.end(), noted);
  {
    const MutexUnlock unlocked(mutex_);
    survived([&] { run_(job); });
  }
  if (self->stuck) --stuck_;
  running_.erase(self);
}

}  // namespace trellis::provider
