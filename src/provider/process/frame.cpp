#include "provider/process/frame.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/limits.hpp"
#include "base/text.hpp"

namespace trellis::provider::process {
namespace {

std::unexpected<Error> broken(std::string_view why) {
  return fail(ErrorCode::malformed, fmt::format("its messages make no sense: {}", why));
}

/// Sizes are checked before anything is reserved for them.
Result<void> check(const FrameHead& head, std::size_t max_payload) {
  const bool known = head.kind >= static_cast<std::uint8_t>(FrameKind::describe) &&
                     head.kind <= static_cast<std::uint8_t>(FrameKind::answer);
  if (!known) return broken(fmt::format("there is no kind {}", head.kind));
  if (head.first_size > limits::name_bytes || head.second_size > limits::name_bytes) {
    return broken(fmt::format("a name has more than {} bytes", limits::name_bytes));
  }
  if (head.payload_size > max_payload) {
    return broken(
        fmt::format("a payload has {} bytes; {} are allowed", head.payload_size, max_payload));
  }
  return {};
}

}  // namespace

FrameHead head_of(const FrameView& frame) noexcept {
  FrameHead head{};
  head.payload_size = static_cast<std::uint32_t>(frame.payload.size());
  head.kind = static_cast<std::uint8_t>(frame.kind);
  head.status = frame.status;
  head.first_size = static_cast<std::uint16_t>(frame.first.size());
  head.second_size = static_cast<std::uint16_t>(frame.second.size());
  head.depth = frame.depth;
  head.number = frame.number;
  head.parent = frame.parent;
  head.deadline_ns =
      std::chrono::duration_cast<std::chrono::nanoseconds>(frame.deadline.time_since_epoch())
          .count();
  return head;
}

FrameReader::FrameReader(int fd, std::size_t max_payload) : fd_(fd), max_payload_(max_payload) {}

Result<bool> FrameReader::next(Frame& out, Wait wait) {
  while (true) {
    auto taken = take(out);
    if (!taken || *taken) return taken;
    auto more = receive(wait);
    if (!more || !*more) return more;
  }
}

Result<bool> FrameReader::take(Frame& out) {
  if (!in_payload_) {
    auto begun = begin();
    if (!begun || !*begun) return begun;
  }
  if (received_ < frame_.payload.size()) return false;
  out = std::move(frame_);
  frame_ = {};
  in_payload_ = false;
  return true;
}

/// Takes head and names as soon as they are there, and as much of the payload as is.
Result<bool> FrameReader::begin() {
  FrameHead head;
  // Heads and names are small, so they are taken when whole; only payloads come in parts.
  if (end_ - begin_ < sizeof head) return false;
  std::memcpy(&head, buffer_.data() + begin_, sizeof head);
  if (auto checked = check(head, max_payload_); !checked) return pass(checked);
  const std::size_t names = std::size_t{head.first_size} + head.second_size;
  if (end_ - begin_ < sizeof head + names) return false;

  const auto* at = buffer_.data() + begin_ + sizeof head;
  frame_.kind = static_cast<FrameKind>(head.kind);
  frame_.status = head.status;
  frame_.depth = head.depth;
  frame_.number = head.number;
  frame_.parent = head.parent;
  frame_.deadline = SteadyTime(std::chrono::nanoseconds(head.deadline_ns));
  frame_.first = as_text(ByteView(at, head.first_size));
  frame_.second = as_text(ByteView(at + head.first_size, head.second_size));
  begin_ += sizeof head + names;
  received_ = std::min<std::size_t>(head.payload_size, end_ - begin_);
  // Memory for the payload is taken at once; check() has bounded it.
  frame_.payload.resize(head.payload_size);
  std::copy_n(buffer_.data() + begin_, received_, frame_.payload.data());
  begin_ += received_;
  in_payload_ = true;
  return true;
}

/// Receives once. The rest of a long payload goes where it belongs, everything else through the
/// buffer.
Result<bool> FrameReader::receive(Wait wait) {
  if (begin_ == end_) begin_ = end_ = 0;
  if (begin_ > buffer_.size() / 2) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  auto* into = in_payload_ ? frame_.payload.data() + received_ : buffer_.data() + end_;
  const auto room = in_payload_ ? frame_.payload.size() - received_ : buffer_.size() - end_;
  while (true) {
    const auto count = ::recv(fd_, into, room, wait == Wait::no ? MSG_DONTWAIT : 0);
    if (count > 0) {
      (in_payload_ ? received_ : end_) += static_cast<std::size_t>(count);
      return true;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
    return fail(ErrorCode::cancelled, "the other end of the connection is closed");
  }
}

}  // namespace trellis::provider::process
