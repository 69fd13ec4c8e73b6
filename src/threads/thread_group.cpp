#include "threads/thread_group.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/guard.hpp"
#include "threads/waiting.hpp"

namespace trellis {

ThreadGroup::~ThreadGroup() {
  MutexLock lock(mutex_);
  ended_signal_.wait(lock, [this]() REQUIRES(mutex_) { return threads_.empty(); });
  lock.unlock();
  join_ended();
}

Result<void> ThreadGroup::start(std::string_view name, std::size_t limit,
                                std::function<void()> body) {
  // Threads that ended are joined here, so that a group which is used for long keeps none of them.
  join_ended();
  const MutexLock lock(mutex_);
  if (threads_.size() >= limit) {
    return fail(ErrorCode::busy, fmt::format("{} threads are running already", threads_.size()));
  }
  const auto self = threads_.emplace(threads_.end());
  auto thread = GuestThread::start(name, [this, self, body = std::move(body)] { run(self, body); });
  if (!thread) {
    threads_.erase(self);
    return pass(thread);
  }
  // Thread needs this lock at its end, so that its place is filled by then.
  *self = std::move(*thread);
  return {};
}

void ThreadGroup::run(Threads::iterator self, const std::function<void()>& body) {
  survived(body);
  const MutexLock lock(mutex_);
  // Thread takes itself out, because nobody joins any more.
  if (abandoned_) {
    self->detach();
    threads_.erase(self);
    return;
  }
  ended_.splice(ended_.end(), threads_, self);
  ended_signal_.notify_all();
}

void ThreadGroup::abandon() {
  {
    const MutexLock lock(mutex_);
    abandoned_ = true;
  }
  join_ended();
}

std::size_t ThreadGroup::running() const {
  const MutexLock lock(mutex_);
  return threads_.size();
}

bool ThreadGroup::wait(SteadyTime deadline, const Clock& clock) {
  {
    MutexLock lock(mutex_);
    while (!threads_.empty()) {
      const auto now = clock.steady();
      if (now >= deadline) return false;
      ended_signal_.wait_for(lock, wait_span(now, deadline));
    }
  }
  join_ended();
  return true;
}

void ThreadGroup::join_ended() {
  Threads ended;
  {
    const MutexLock lock(mutex_);
    ended.swap(ended_);
  }
  // Joined outside of the lock: threads that end take a moment, in which others may start.
  for (auto& thread : ended) thread.join();
}

}  // namespace trellis
