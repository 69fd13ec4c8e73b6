// A callback of a user that can be taken away safely while a thread may be inside it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "base/mutex.hpp"

namespace trellis::nats {

/// Runs one callback at a time. Any thread may call any member, also the callback itself.
template <class... Args>
class RevocableCallback {
 public:
  using Function = std::function<void(Args...)>;

  RevocableCallback() = default;
  explicit RevocableCallback(Function function)
      : function_(std::make_shared<const Function>(std::move(function))) {}

  /// Replaces the callback; the old one does not run any more when this returns, unless it is the
  /// caller. An empty function takes it away.
  void set(Function next) {
    auto wanted = next ? std::make_shared<const Function>(std::move(next)) : nullptr;
    {
      const MutexLock lock(mutex_);
      function_.swap(wanted);
    }
    if (running_here()) return;
    const MutexLock wait(running_);
  }

  /// True when there was a callback. What it throws is the caller's.
  bool call(Args... args) {
    const MutexLock one(running_);
    // Outlives `function`: what that owns may take this callback away once more when it goes.
    const Runner here(runner_);
    std::shared_ptr<const Function> function;
    {
      const MutexLock lock(mutex_);
      function = function_;
    }
    if (!function) return false;
    (*function)(args...);
    return true;
  }

  [[nodiscard]] bool running_here() const noexcept {
    return runner_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }

 private:
  struct Runner {
    explicit Runner(std::atomic<std::thread::id>& id) noexcept : id_(id) {
      id_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    }
    ~Runner() { id_.store({}, std::memory_order_relaxed); }
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;
    std::atomic<std::thread::id>& id_;
  };

  Mutex running_;  // held while the callback runs; before mutex_
  Mutex mutex_;
  std::shared_ptr<const Function> function_ GUARDED_BY(mutex_);
  std::atomic<std::thread::id> runner_{};
};

}  // namespace trellis::nats
