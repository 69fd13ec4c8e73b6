// Frames between the host and a provider that runs in a process of its own.
//
// Two stream sockets join them: on "calls" the host asks and the provider answers, on "dispatches"
// it is the other way round, so that each end waits for answers where nothing else arrives. A frame
// is a head of 40 bytes, two short texts and a payload; numbers are in the machine's own byte
// order, since both ends are always on one machine and of one build.
//
//   kind         first      second      payload              depth
//   describe     -          -           -                    -
//   create       label      -           CreateOptions        -
//   call         origin     operation   its payload          entities on the chain
//   stop         -          -           -                    -
//   dispatch     actor      operation   its payload          -          (parent: number of a call)
//   log          target     -           text                 level      (no answer)
//   answer       -          -           response or text     -          (status)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/call_limits.hpp"
#include "trellis/bytes.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"

namespace trellis::provider::process {

enum class FrameKind : std::uint8_t { describe = 1, create, call, stop, dispatch, log, answer };

/// As it lies in the stream.
struct FrameHead {
  std::uint32_t payload_size;
  std::uint8_t kind;
  std::uint8_t status;
  std::uint16_t first_size;
  std::uint16_t second_size;
  std::uint16_t unused;
  std::uint32_t depth;
  std::uint64_t number;
  std::uint64_t parent;
  std::int64_t deadline_ns;
};
static_assert(sizeof(FrameHead) == 40 && std::is_trivially_copyable_v<FrameHead>);

/// A frame to be written; borrows what it shows.
struct FrameView {
  FrameKind kind = FrameKind::answer;
  std::uint8_t status = 0;  ///< trellis_status of an answer
  std::uint32_t depth = 0;
  std::uint64_t number = 0;  ///< of the request, repeated by its answer
  std::uint64_t parent = 0;  ///< the call a dispatch belongs to; 0 = none
  SteadyTime deadline{};     ///< on the clock both processes share (CLOCK_MONOTONIC)
  std::string_view first = {};
  std::string_view second = {};
  ByteView payload = {};
};

/// A frame that was read.
struct Frame {
  FrameKind kind = FrameKind::answer;
  std::uint8_t status = 0;
  std::uint32_t depth = 0;
  std::uint64_t number = 0;
  std::uint64_t parent = 0;
  SteadyTime deadline{};
  std::string first;
  std::string second;
  Bytes payload;
};

[[nodiscard]] FrameHead head_of(const FrameView& frame) noexcept;

/// Takes frames out of a stream whose other end nobody trusts. One thread at a time.
class FrameReader {
 public:
  /// `fd` is borrowed. Payloads beyond `max_payload` are refused.
  FrameReader(int fd, std::size_t max_payload);

  enum class Wait { no, yes };
  /// The next frame. False when it has not arrived whole (only with Wait::no). Errors: cancelled
  /// (the other end is closed), malformed (not a frame; the stream cannot be used any more).
  [[nodiscard]] Result<bool> next(Frame& out, Wait wait);

 private:
  [[nodiscard]] Result<bool> take(Frame& out);
  [[nodiscard]] Result<bool> begin();
  [[nodiscard]] Result<bool> receive(Wait wait);

  static constexpr std::size_t buffer_bytes = 64 * limits::kib;

  const int fd_;
  const std::size_t max_payload_;
  Bytes buffer_ = Bytes(buffer_bytes);
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool in_payload_ = false;
  Frame frame_;               ///< under construction while in_payload_
  std::size_t received_ = 0;  ///< of its payload
};

}  // namespace trellis::provider::process
