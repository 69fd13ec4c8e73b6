// Operations that go out over one connection, from any thread, in as few writes as possible.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/mutex.hpp"
#include "tcp/stream.hpp"
#include "trellis/bytes.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"

namespace trellis::nats {

/// Sender that finds nobody writing writes, for all who come meanwhile: a message costs no change
/// of threads. Where messages follow each other closely, they are left to a thread that writes many
/// at once: a write costs more than a message. Any thread. Stream and clock outlive it.
class Outbox {
 public:
  /// Called on the writing thread when a write failed there; must only note it.
  using Failed = std::function<void(const Error&)>;

  Outbox(tcp::Stream& stream, const Clock& clock, Failed failed)
      : stream_(stream), clock_(clock), tell_(std::move(failed)) {}
  ~Outbox() { end(); }
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// Whole operations, in the order of the calls. Success: it went out, or whoever writes at this
  /// moment will send it. Waits while much is to be sent already. Errors, of this or an earlier
  /// write: unavailable, deadline (the server reads nothing), cancelled; nothing is sent after one.
  [[nodiscard]] Result<void> send(std::string_view operations);
  /// Sends `head`, the payload and the end of a line, likewise.
  [[nodiscard]] Result<void> send(std::string_view head, ByteView payload);
  /// Sends what was accepted, as far as the server takes it at once, and nothing any more.
  void end() noexcept;

 private:
  [[nodiscard]] Result<void> add(std::initializer_list<std::string_view> pieces);
  [[nodiscard]] bool may_add(std::size_t bytes) const noexcept REQUIRES(mutex_);
  [[nodiscard]] bool is_busy() const noexcept REQUIRES(mutex_);
  [[nodiscard]] bool leave_to_thread() REQUIRES(mutex_);
  [[nodiscard]] Result<void> write_all(bool by_thread) REQUIRES(mutex_);
  void run();

  tcp::Stream& stream_;
  const Clock& clock_;
  const Failed tell_;
  Mutex mutex_;
  Condition written_;
  Condition added_;  // for the thread
  std::string waiting_ GUARDED_BY(mutex_);
  std::string being_written_;  // of the one who writes, without the lock
  bool writing_ GUARDED_BY(mutex_) = false;
  bool left_ GUARDED_BY(mutex_) = false;  ///< what waits is the thread's to write
  int writes_ GUARDED_BY(mutex_) = 0;     ///< in a row, of a sender who writes
  bool failed_ GUARDED_BY(mutex_) = false;
  bool ended_ GUARDED_BY(mutex_) = false;
  Error failure_ GUARDED_BY(mutex_);
  SteadyTime last_write_ GUARDED_BY(mutex_){};
  std::thread thread_ GUARDED_BY(mutex_);  ///< made when messages first follow closely
};

}  // namespace trellis::nats
