// Requests of the outside to a running host: to end, or to read its manifest again.
#pragma once

#include <thread>
#include <vector>

#include "base/descriptor.hpp"
#include "base/mutex.hpp"

namespace trellis::cli {

/// Meaning of SIGHUP.
enum class HangUp {
  stop,   ///< the end, as of old: the terminal is gone
  reload  ///< as daemons have it; but the end when it comes because a terminal of ours is gone
};

/// While it lives, SIGINT and SIGTERM are stop requests; both mean the same (host.md 12.2). SIGHUP
/// is one too, or a wish for a reload; where it was ignored (nohup) it stays so. Make it
/// before any other thread exists: threads inherit that these signals are blocked, so that no
/// provider's or engine's thread is interrupted by them. A second signal, half a second or more
/// after the first, ends the process at once with exit code 1. Any thread, except construction and
/// destruction.
class StopRequest {
 public:
  enum class Wish { stop, reload };

  explicit StopRequest(HangUp hang_up = HangUp::stop);
  ~StopRequest();
  StopRequest(const StopRequest&) = delete;
  StopRequest& operator=(const StopRequest&) = delete;

  /// Asks for the end without a signal.
  void request();
  [[nodiscard]] bool requested() const;
  /// Waits until something is asked for. Wishes for a reload that came meanwhile are one.
  [[nodiscard]] Wish wait();

 private:
  void watch();
  void hang_up();

  const HangUp hang_up_;
  mutable Mutex mutex_;
  Condition changed_;
  bool requested_ GUARDED_BY(mutex_) = false;
  bool reload_ GUARDED_BY(mutex_) = false;
  std::vector<int> terminals_;  // of standard input, output and error
  Descriptor signals_;
  Descriptor end_;
  std::thread thread_;  // last: uses everything above
};

}  // namespace trellis::cli
