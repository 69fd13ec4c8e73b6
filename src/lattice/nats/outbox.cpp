#include "lattice/nats/outbox.hpp"

#include "base/limits.hpp"

namespace trellis::lattice::nats {
namespace {

/// Beyond it senders wait for the one who writes.
constexpr std::size_t most_waiting_bytes = 1 * limits::mib;
/// Nobody writes for others for longer: those that go on sending write themselves.
constexpr int most_writes = 4;
/// Memory that is kept for the next messages.
constexpr std::size_t kept_bytes = 256 * limits::kib;

}  // namespace

Result<> Outbox::send(std::string_view operations) {
  return add(operations.size(), [&] { waiting_ += operations; });
}

Result<> Outbox::send(std::string_view head, ByteView payload) {
  return add(head.size() + payload.size() + 2,
             [&] { waiting_.append(head).append(as_text(payload)).append("\r\n"); });
}

template <class Append>
Result<> Outbox::add(std::size_t bytes, const Append& append) {
  std::unique_lock lock(mutex_);
  // Who writes gives up after a time, so that this ends.
  written_.wait(lock, [&] { return failed_ || !writing_ || may_add(bytes); });
  if (failed_) return std::unexpected(failure_);
  waiting_.reserve(waiting_.size() + bytes);  // all of it, or nothing
  append();
  if (writing_) return {};
  return write_all(lock);
}

/// Whether who writes at this moment can be given this too.
bool Outbox::may_add(std::size_t bytes) const noexcept {
  if (writes_ >= most_writes) return false;
  return waiting_.empty() || waiting_.size() + bytes <= most_waiting_bytes;
}

Result<> Outbox::write_all(std::unique_lock<std::mutex>& lock) {
  writing_ = true;
  writes_ = 0;
  Result<> done;
  while (done && !waiting_.empty()) {
    ++writes_;
    being_written_.swap(waiting_);
    lock.unlock();
    done =
        stream_.send(being_written_, std::chrono::steady_clock::now() + limits::nats_write_timeout);
    being_written_.clear();
    if (being_written_.capacity() > kept_bytes) being_written_.shrink_to_fit();
    lock.lock();
    written_.notify_all();
  }
  writing_ = false;
  if (!done) {
    failed_ = true;
    failure_ = done.error();
    waiting_.clear();
  }
  written_.notify_all();
  return done;
}

}  // namespace trellis::lattice::nats
