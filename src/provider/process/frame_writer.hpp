// Puts frames into a stream, whole and in one piece each, from any number of threads.
#pragma once

#include <cstddef>

#include "base/mutex.hpp"
#include "provider/process/frame.hpp"
#include "trellis/clock.hpp"

namespace trellis::provider::process {

/// Any thread. A frame of which a part is written when time runs out is kept and goes first
/// next time, so that the stream stays readable.
class FrameWriter {
 public:
  /// `fd` is borrowed; `clock` outlives the writer.
  FrameWriter(int fd, const Clock& clock) : fd_(fd), clock_(clock) {}

  /// How far a frame has come. `kept`: the other end will get the rest of it later.
  enum class Sent { whole, kept, nothing };

  /// Waits for room until `deadline`. Errors: cancelled (the other end is closed).
  [[nodiscard]] Result<Sent> write(const FrameView& frame, SteadyTime deadline);
  /// Never waits: keeps what does not fit, at most `kept_at_most` bytes. Errors: cancelled, limit.
  [[nodiscard]] Result<Sent> write_or_keep(const FrameView& frame, std::size_t kept_at_most);
  /// Writes what was kept, as far as there is room. True when nothing is left.
  [[nodiscard]] Result<bool> flush();
  [[nodiscard]] bool has_kept() const;

 private:
  class Turn;
  [[nodiscard]] Result<bool> flush_kept();
  [[nodiscard]] Result<std::size_t> write_some(const FrameView& frame, std::size_t skip);
  void keep(const FrameView& frame, std::size_t skip);
  [[nodiscard]] bool wait_for_room(SteadyTime deadline) const;

  const int fd_;
  const Clock& clock_;
  mutable Mutex mutex_;
  Condition turn_;
  bool writing_ GUARDED_BY(mutex_) = false;  ///< who set it owns kept_
  Bytes kept_;
  std::size_t kept_begin_ = 0;
  bool has_kept_ GUARDED_BY(mutex_) = false;
};

}  // namespace trellis::provider::process
