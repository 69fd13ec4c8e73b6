// Frames on a stream socket: a length of four bytes, big endian, then that many bytes
// (docs/control-socket.md). Blocking with deadlines; a descriptor belongs to one thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "trellis/result.hpp"

namespace trellis::admin {

struct FrameLimits {
  std::size_t bytes;                     ///< longest content accepted
  std::chrono::milliseconds first_byte;  ///< wait for the frame to begin
  std::chrono::milliseconds whole;       ///< from its first byte to its last
  /// Asked for room for a frame of so many bytes before they are read; null: there always is. Its
  /// error is that of the read.
  std::function<Result<void>(std::size_t bytes)> room = nullptr;
};

/// The next frame's content; nothing when the other side closed, or said nothing in time. Memory
/// grows with what arrives, not with what a length promises.
/// Errors: limit (too long, or empty), deadline, unavailable.
[[nodiscard]] Result<std::optional<std::string>> read_frame(int fd, const FrameLimits& limits);

/// Errors: deadline when the other side does not read in time, unavailable when it is gone.
[[nodiscard]] Result<void> write_frame(int fd, std::string_view content,
                                       std::chrono::milliseconds timeout);

}  // namespace trellis::admin
