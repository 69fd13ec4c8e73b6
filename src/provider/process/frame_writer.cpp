#include "provider/process/frame_writer.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

#include "base/text.hpp"
#include "threads/waiting.hpp"

namespace trellis::provider::process {
namespace {

std::size_t size_of(const FrameView& frame) noexcept {
  return sizeof(FrameHead) + frame.first.size() + frame.second.size() + frame.payload.size();
}

/// Parts of a frame, with its head, to be sent without a copy; what `skip` covers is left out.
class Parts {
 public:
  Parts(const FrameView& frame, std::size_t skip) : head_(head_of(frame)) {
    add({reinterpret_cast<const std::uint8_t*>(&head_), sizeof head_}, skip);
    add(as_bytes(frame.first), skip);
    add(as_bytes(frame.second), skip);
    add(frame.payload, skip);
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  [[nodiscard]] iovec* data() noexcept { return parts_.data(); }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }

 private:
  void add(ByteView bytes, std::size_t& skip) {
    const auto passed = std::min(skip, bytes.size());
    skip -= passed;
    bytes = bytes.subspan(passed);
    if (bytes.empty()) return;
    parts_.at(count_++) = {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  }

  FrameHead head_;
  std::array<iovec, 4> parts_{};
  std::size_t count_ = 0;
};

/// Sends as much as there is room for, which may be 0 bytes.
Result<std::size_t> send_parts(int fd, iovec* parts, std::size_t count) {
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  while (true) {
    const auto sent = ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) return 0;
    return fail(ErrorCode::cancelled, "the other end of the connection is closed");
  }
}

}  // namespace

/// Right to write, taken within a time limit. Not a lock: it is held while waiting for room.
class FrameWriter::Turn {
 public:
  Turn(FrameWriter& writer, SteadyTime deadline) : writer_(writer) {
    MutexLock lock(writer.mutex_);
    while (writer.writing_) {
      const auto now = writer.clock_.steady();
      if (now >= deadline) return;
      writer.turn_.wait_for(lock, wait_span(now, deadline));
    }
    mine_ = writer.writing_ = true;
  }
  ~Turn() {
    if (!mine_) return;
    const MutexLock lock(writer_.mutex_);
    writer_.writing_ = false;
    writer_.has_kept_ = writer_.kept_begin_ < writer_.kept_.size();
    writer_.turn_.notify_one();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  [[nodiscard]] bool mine() const noexcept { return mine_; }

 private:
  FrameWriter& writer_;
  bool mine_ = false;
};

bool FrameWriter::has_kept() const {
  const MutexLock lock(mutex_);
  return has_kept_;
}

Result<FrameWriter::Sent> FrameWriter::write(const FrameView& frame, SteadyTime deadline) {
  const Turn turn(*this, deadline);
  if (!turn.mine()) return Sent::nothing;
  while (true) {
    // Rest of an earlier frame goes first, or the stream would be unreadable.
    auto clear = flush_kept();
    if (!clear) return pass(clear);
    if (*clear) break;
    if (!wait_for_room(deadline)) return Sent::nothing;
  }
  const auto size = size_of(frame);
  std::size_t done = 0;
  while (true) {
    auto sent = write_some(frame, done);
    if (!sent) return pass(sent);
    done += *sent;
    if (done == size) return Sent::whole;
    if (*sent == 0 && !wait_for_room(deadline)) break;
  }
  // Frame of which a part is out must be finished, by whoever writes next; one of which nothing is
  // out may be forgotten.
  if (done == 0) return Sent::nothing;
  keep(frame, done);
  return Sent::kept;
}

Result<FrameWriter::Sent> FrameWriter::write_or_keep(const FrameView& frame,
                                                     std::size_t kept_at_most) {
  const Turn turn(*this, SteadyTime::max());
  auto flushed = flush_kept();
  if (!flushed) return pass(flushed);
  std::size_t done = 0;
  const auto size = size_of(frame);
  while (*flushed && done < size) {
    auto sent = write_some(frame, done);
    if (!sent) return pass(sent);
    if (*sent == 0) break;
    done += *sent;
  }
  if (done == size) return Sent::whole;
  // Other end decides how much it reads, so the bound decides how much is kept for it.
  if (kept_.size() - kept_begin_ + size - done > kept_at_most) {
    return fail(ErrorCode::limit, "it does not read what is sent to it");
  }
  keep(frame, done);
  return Sent::kept;
}

Result<bool> FrameWriter::flush() {
  const Turn turn(*this, SteadyTime::max());
  return flush_kept();
}

Result<bool> FrameWriter::flush_kept() {
  while (kept_begin_ < kept_.size()) {
    iovec part{kept_.data() + kept_begin_, kept_.size() - kept_begin_};
    auto sent = send_parts(fd_, &part, 1);
    if (!sent) return pass(sent);
    if (*sent == 0) return false;
    kept_begin_ += *sent;
  }
  kept_.clear();
  kept_begin_ = 0;
  return true;
}

Result<std::size_t> FrameWriter::write_some(const FrameView& frame, std::size_t skip) {
  Parts parts(frame, skip);
  return send_parts(fd_, parts.data(), parts.count());
}

// Copies what is not out yet: the frame is only a view of the caller's memory.
void FrameWriter::keep(const FrameView& frame, std::size_t skip) {
  Parts parts(frame, skip);
  for (std::size_t i = 0; i < parts.count(); ++i) {
    const auto* at = static_cast<const std::uint8_t*>(parts.data()[i].iov_base);
    kept_.insert(kept_.end(), at, at + parts.data()[i].iov_len);
  }
}

bool FrameWriter::wait_for_room(SteadyTime deadline) const {
  const auto now = clock_.steady();
  if (now >= deadline) return false;
  const auto span = std::chrono::ceil<std::chrono::milliseconds>(wait_span(now, deadline));
  pollfd room{fd_, POLLOUT, 0};
  ::poll(&room, 1, static_cast<int>(span.count()));
  return true;
}

}  // namespace trellis::provider::process
