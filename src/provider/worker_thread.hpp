// The threads this layer starts. One file, so that the kind of thread is chosen in one place.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <thread>

#include "trellis/result.hpp"

namespace trellis::provider {

/// A thread that joins in its destructor. Owned by one thread at a time.
class WorkerThread {
 public:
  WorkerThread() noexcept = default;
  [[nodiscard]] static Result<WorkerThread> start(std::string_view name,
                                                  std::function<void()> body);
  [[nodiscard]] bool joinable() const noexcept { return thread_.joinable(); }
  void join() noexcept {
    if (thread_.joinable()) thread_.join();
  }
  void detach() noexcept { thread_.detach(); }

 private:
  std::jthread thread_;
};

inline Result<WorkerThread> WorkerThread::start(std::string_view, std::function<void()> body) {
  try {
    WorkerThread made;
    made.thread_ = std::jthread(std::move(body));
    return made;
  } catch (...) {
    return fail(ErrorCode::unavailable, "no thread");
  }
}

}  // namespace trellis::provider
