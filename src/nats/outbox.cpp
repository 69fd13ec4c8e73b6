#include "nats/outbox.hpp"

#include <chrono>

#include "base/deadline.hpp"
#include "base/guard.hpp"
#include "base/limits.hpp"

namespace trellis::nats {
namespace {

/// Bound on what waits; beyond it senders wait for the one who writes.
constexpr std::size_t max_waiting_bytes = 1 * limits::mib;
/// Number of writes after which a sender stops writing for others: those that go on sending then
/// write themselves.
constexpr int max_writes = 4;
/// Messages within this time of the last write follow closely, and are worth a change of threads.
constexpr std::chrono::microseconds close_together{150};
/// Memory that is kept for the next messages.
constexpr std::size_t kept_bytes = 256 * limits::kib;

}  // namespace

Result<void> Outbox::send(std::string_view operations) {
  return add({operations});
}

Result<void> Outbox::send(std::string_view head, ByteView payload) {
  return add({head, as_text(payload), "\r\n"});
}

Result<void> Outbox::add(std::initializer_list<std::string_view> pieces) {
  std::size_t bytes = 0;
  for (const auto piece : pieces) bytes += piece.size();
  MutexLock lock(mutex_);
  // Wait ends, since whoever writes gives up after a time.
  written_.wait(
      lock, [&]() REQUIRES(mutex_) { return failed_ || (!writing_ && !left_) || may_add(bytes); });
  if (failed_) return std::unexpected(failure_);
  waiting_.reserve(waiting_.size() + bytes);  // all of it, or nothing
  for (const auto piece : pieces) waiting_ += piece;
  // Somebody is to write already and takes this along.
  if (writing_ || left_) return {};
  if (is_busy() && leave_to_thread()) return {};
  return write_all(false);
}

bool Outbox::is_busy() const noexcept {
  return clock_.steady() - last_write_ < close_together;
}

/// Leaves what waits to the thread, which is made when first needed; false without one.
bool Outbox::leave_to_thread() {
  if (ended_) return false;
  if (!thread_.joinable()) {
    std::thread made;
    if (!survived([&] { made = std::thread([this] { persevere([this] { run(); }); }); })) {
      return false;
    }
    thread_ = std::move(made);
  }
  left_ = true;
  added_.notify_one();
  return true;
}

void Outbox::run() {
  MutexLock lock(mutex_);
  while (true) {
    added_.wait(lock, [&]() REQUIRES(mutex_) { return ended_ || (left_ && !writing_); });
    if (!left_) return;
    // Other threads get a moment to add something: each message that comes along saves a write.
    lock.unlock();
    std::this_thread::yield();
    lock.lock();
    left_ = false;
    if (writing_ || failed_) continue;
    if (const auto done = write_all(true); !done) {
      lock.unlock();
      tell_(done.error());
      lock.lock();
    }
  }
}

void Outbox::end() noexcept {
  std::thread thread;
  {
    const MutexLock lock(mutex_);
    ended_ = true;
    thread.swap(thread_);
  }
  added_.notify_all();
  // Thread writes what was left to it before it ends; only then does the outbox fail.
  if (thread.joinable()) thread.join();
  {
    const MutexLock lock(mutex_);
    if (!failed_) failure_ = {ErrorCode::cancelled, "the connection is closed", {}};
    failed_ = true;
  }
  written_.notify_all();
}

/// Whether whoever writes at this moment can be given this too. Something may always be added to
/// nothing, or a payload above the bound could never go.
bool Outbox::may_add(std::size_t bytes) const noexcept {
  if (writes_ >= max_writes) return false;
  return waiting_.empty() || waiting_.size() + bytes <= max_waiting_bytes;
}

Result<void> Outbox::write_all(bool by_thread) {
  writing_ = true;
  Result<void> done;
  while (done && !waiting_.empty()) {
    if (!by_thread) ++writes_;
    being_written_.swap(waiting_);
    {
      // Buffers are swapped, so that others fill one while the other is sent.
      const MutexUnlock others_may_add(mutex_);
      done = stream_.send(being_written_, deadline_in(limits::nats_write_timeout));
      being_written_.clear();
      if (being_written_.capacity() > kept_bytes) being_written_.shrink_to_fit();
    }
    written_.notify_all();
  }
  writing_ = false;
  writes_ = 0;
  last_write_ = clock_.steady();
  if (!done) {
    failed_ = true;
    failure_ = done.error();
    // Half an operation may have gone out: anything after it would be read as its rest.
    waiting_.clear();
  }
  written_.notify_all();
  return done;
}

}  // namespace trellis::nats
