// Requests that wait for their answer: found by token, ended by answer, deadline or close, once.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/mutex.hpp"
#include "nats/transport.hpp"
#include "trellis/clock.hpp"

namespace trellis::nats {

/// The number at the end of a reply subject. A number is used once per table.
using RequestToken = std::uint64_t;

[[nodiscard]] std::string to_text(RequestToken token);
[[nodiscard]] std::optional<RequestToken> parse_token(std::string_view text) noexcept;

/// Any thread may call any member. Handlers run on the thread that ends the request, or on the
/// table's own for deadlines, never under a lock. The table is spread over shards with a lock each,
/// held for one look-up.
class PendingRequests : public std::enable_shared_from_this<PendingRequests> {
 public:
  /// The answer of a request whose deadline has passed; `connection` is the one it was sent over.
  /// Called under a lock of the table, and not any more once close() has begun to answer.
  using LateError = std::function<Error(std::uint64_t connection)>;

  [[nodiscard]] static std::shared_ptr<PendingRequests> make(LateError late,
                                                             std::shared_ptr<const Clock> clock);
  ~PendingRequests();
  PendingRequests(const PendingRequests&) = delete;
  PendingRequests& operator=(const PendingRequests&) = delete;

  /// Takes `done` over. Errors, with `done` untouched: cancelled (closed), busy (too many).
  [[nodiscard]] Result<RequestToken> add(std::uint64_t connection, std::string_view subject,
                                         SteadyTime deadline, ReplyHandler& done);
  /// Ends a request; false when it has ended before, or never was.
  bool finish(RequestToken token, Result<Answer> answer);
  /// Ends those that went to this subject over this connection.
  void finish_all(std::uint64_t connection, std::string_view subject, const Error& error);
  /// Ends those that went over this connection.
  void finish_all(std::uint64_t connection, const Error& error);
  /// Ends all with `cancelled` and takes no more. When it returns, no handler runs on the table's
  /// thread any more, unless that is the caller.
  void close();

 private:
  struct Entry {
    SteadyTime deadline;
    std::uint64_t connection = 0;
    std::size_t subject = 0;  ///< its hash
    ReplyHandler done;
  };
  struct alignas(64) Shard {
    Mutex mutex;
    std::unordered_map<RequestToken, Entry> entries GUARDED_BY(mutex);
    bool closed GUARDED_BY(mutex) = false;
  };

  PendingRequests(LateError late, std::shared_ptr<const Clock> clock)
      : late_(std::move(late)), clock_(std::move(clock)) {}
  Shard& shard_of(RequestToken token) {
    return shards_[static_cast<std::size_t>(token % shards_.size())];
  }
  void finish_where(const std::function<bool(const Entry&)>& is_meant, const Error& error);
  std::optional<Entry> take(RequestToken token);
  void watch(SteadyTime deadline);
  void run_watch();
  /// Answers what is late; when to look again.
  SteadyTime sweep(SteadyTime now);

  const LateError late_;
  const std::shared_ptr<const Clock> clock_;
  std::array<Shard, 32> shards_;
  std::atomic<RequestToken> next_{1};
  std::atomic<std::size_t> count_{0};

  // When the watch looks next; earlier deadlines wake it. Deadlines mostly grow, so that is rare.
  std::atomic<SteadyTime::rep> next_look_;
  Mutex watch_mutex_;  // no lock of a shard is taken or held with it
  Condition earlier_;
  bool closing_ GUARDED_BY(watch_mutex_) = false;
  std::thread watch_ GUARDED_BY(watch_mutex_);  ///< made with the first request
};

}  // namespace trellis::nats
