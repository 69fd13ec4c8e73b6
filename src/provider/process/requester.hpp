// The asking end of a stream: requests out, answers back, on the threads that ask.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/call_context.hpp"
#include "base/descriptor.hpp"
#include "base/mutex.hpp"
#include "provider/process/frame.hpp"
#include "provider/process/frame_writer.hpp"

namespace trellis::provider::process {

/// Asking end of a stream. One of the threads that wait for an answer reads and gives the others
/// theirs: a request on its own costs no hop between threads. Any thread.
///
/// Answers nobody waits for any more are counted; an answer to a question that was never asked
/// closes the stream.
class Requester {
 public:
  /// Answers beyond `max_payload` close the stream.
  Requester(Descriptor stream, std::shared_ptr<const Clock> clock, std::size_t max_payload);
  ~Requester();  ///< closes; nobody may be inside
  Requester(const Requester&) = delete;
  Requester& operator=(const Requester&) = delete;

  /// Sends a request (its number is set here) and waits for the answer until request.deadline.
  /// `context` may be null; see context_of. Errors: deadline, or that of close().
  [[nodiscard]] Result<Frame> ask(FrameView request, const CallContext* context);
  /// Returns at once; `done` is called exactly once, on a thread of the requester or inside this.
  void ask_later(FrameView request, std::function<void(Result<Frame>)> done);
  /// Sends something that has no answer. Waits for room at most until the frame's deadline.
  [[nodiscard]] Result<void> tell(const FrameView& frame);

  /// The context of a request that is still waited for.
  [[nodiscard]] std::optional<CallContext> context_of(std::uint64_t number) const;

  /// Ends all requests with `why`, and refuses new ones with it.
  void close(const Error& why);
  [[nodiscard]] bool closed() const;

  /// Requests that were given up and have no answer yet, and since when the oldest is one.
  struct Overdue {
    std::size_t count = 0;
    SteadyTime since{};
  };
  [[nodiscard]] Overdue overdue() const;
  /// Reads answers that nobody waits for. For a watcher, now and then.
  void collect();
  [[nodiscard]] std::uint64_t late_answers() const noexcept { return late_.load(); }

 private:
  /// One thread that waits. Under mutex_ once it is in waiters_.
  struct Waiter {
    const CallContext* context = nullptr;
    Condition wake;
    std::optional<Frame> answer;
  };
  struct Later {
    SteadyTime deadline;
    std::function<void(Result<Frame>)> done;
  };
  /// Callbacks that are due; called without the lock.
  using Due = std::vector<std::function<void()>>;

  Result<Frame> wait(MutexLock& lock, std::uint64_t number, Waiter& waiter, SteadyTime deadline)
      REQUIRES(mutex_);
  void read_until(SteadyTime deadline, const std::function<bool()>& enough) REQUIRES(mutex_);
  void deliver(Frame frame, Due& due) REQUIRES(mutex_);
  void hand_on() REQUIRES(mutex_);
  void close_locked(const Error& why, Due& due) REQUIRES(mutex_);
  void pump();
  void expire(Due& due) REQUIRES(mutex_);
  [[nodiscard]] bool wait_for_bytes(SteadyTime deadline) const;

  const Descriptor stream_;
  const std::shared_ptr<const Clock>
      clock_;  ///< callers may be inside for longer than anything else lives
  FrameWriter writer_;
  std::atomic<std::uint64_t> late_{0};

  mutable Mutex mutex_;
  std::uint64_t last_ GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, Waiter*> waiters_ GUARDED_BY(mutex_);
  std::map<std::uint64_t, Later> later_ GUARDED_BY(mutex_);
  std::map<std::uint64_t, SteadyTime> abandoned_ GUARDED_BY(mutex_);
  std::optional<Error> closed_ GUARDED_BY(mutex_);
  bool reading_ GUARDED_BY(mutex_) = false;  ///< who set it owns reader_
  FrameReader reader_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  Condition pump_wake_;
  std::thread pump_ GUARDED_BY(mutex_);
};

}  // namespace trellis::provider::process
