// What goes out over one connection, from any thread, in as few writes as possible.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

#include "tcp/stream.hpp"
#include "trellis/bytes.hpp"
#include "trellis/result.hpp"

namespace trellis::lattice::nats {

/// Whoever finds nobody writing writes, for all who come meanwhile: a message costs no change of
/// threads, and many cost few writes. Any thread. The stream outlives it.
class Outbox {
 public:
  explicit Outbox(tcp::Stream& stream) : stream_(stream) {}
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// Whole operations, in the order of the calls. Success: it went out, or whoever writes at this
  /// moment will send it. Waits while much is to be sent already. Errors, of this or an earlier
  /// write: unavailable, deadline (the server reads nothing), cancelled; nothing is sent after one.
  [[nodiscard]] Result<> send(std::string_view operations);
  /// The same for `head`, the payload and the end of a line.
  [[nodiscard]] Result<> send(std::string_view head, ByteView payload);

 private:
  template <class Append>
  [[nodiscard]] Result<> add(std::size_t bytes, const Append& append);
  [[nodiscard]] bool may_add(std::size_t bytes) const noexcept;
  [[nodiscard]] Result<> write_all(std::unique_lock<std::mutex>& lock);

  tcp::Stream& stream_;
  std::mutex mutex_;
  std::condition_variable written_;
  std::string waiting_;        // under mutex_
  std::string being_written_;  // of the one who writes
  bool writing_ = false;       // under mutex_
  int writes_ = 0;             // of the one who writes; under mutex_
  bool failed_ = false;        // under mutex_
  Error failure_;              // under mutex_
};

}  // namespace trellis::lattice::nats
