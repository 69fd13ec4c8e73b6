// The wish to end a host: from a signal, or from the control socket.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/descriptor.hpp"

namespace trellis::cli {

/// While it lives, SIGINT and SIGTERM are stop requests; both mean the same (host.md 12.2). Make it
/// before any other thread exists: threads inherit that these signals are blocked, so that no
/// provider's or engine's thread is interrupted by them. A second signal, half a second or more
/// after the first, ends the process at once with exit code 1. Any thread, except construction and
/// destruction.
class StopRequest {
 public:
  StopRequest();
  ~StopRequest();
  StopRequest(const StopRequest&) = delete;
  StopRequest& operator=(const StopRequest&) = delete;

  /// Asks for the end without a signal.
  void request();
  [[nodiscard]] bool requested() const;
  /// Waits until the end is asked for.
  void wait();

 private:
  void watch();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool requested_ = false;  // under mutex_
  Descriptor signals_;
  Descriptor end_;
  std::thread thread_;  // last: uses everything above
};

}  // namespace trellis::cli
