// The I/O threads of a provider: as many run as there are cores, and for every one that blocks or
// computes for long inside a request a spare takes over (docs/threads.md).
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "providers/net/asio.hpp"
#include "threads/blocking.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"

namespace trellis::providers {

/// A thread that runs; destruction waits for its end.
class PoolThread {
 public:
  virtual ~PoolThread() = default;
};

/// Where threads come from: the host's for actors, any for benchmarks.
class ThreadSource {
 public:
  virtual ~ThreadSource() = default;
  /// Runs `body` on a new thread; waits on it are announced to `hooks`. Any thread may call.
  [[nodiscard]] virtual Result<std::unique_ptr<PoolThread>> start(std::string_view name,
                                                                  std::function<void()> body,
                                                                  BlockingHooks& hooks) = 0;
};

/// Threads that run one io_context. Every public function may be called from any thread.
///
/// A thread is running (in the io_context), away (inside a handler that waits, or that has computed
/// for longer than `patience`) or parked. The pool keeps `target` running: one that goes away is
/// replaced by a parked or a new one, and parks when its handler returns, if it is one too many.
/// At most `spares` beyond the target exist; waits beyond that are refused, so that I/O never
/// stops.
///
/// Owners (the actors behind a server) share the spares by dynamic thresholds: one may have twice
/// as many threads waiting as are left for everybody, so that each gets many while it is alone and
/// none can take the last.
///
/// Where an owner's waits are usually over in less than a change of threads takes to pay
/// (`brief_wait`), its thread just waits while a spare is parked: if one lasts after all, that
/// takes over as from a handler that computes for long.
class IoPool final : private BlockingHooks {
 public:
  /// How many threads requests of one owner keep away. Outlives its handlers.
  class Share {
   private:
    friend class IoPool;
    void note_wait(std::chrono::nanoseconds time) noexcept;
    [[nodiscard]] bool waits_briefly() const noexcept;

    std::atomic<unsigned> away_{0};
    /// Usual length of its waits, the newest counting most.
    std::atomic<std::int64_t> usual_wait_ns_{0};
  };

  /// Stands around a handler's call into the host, on a thread of a pool; elsewhere it does
  /// nothing.
  class Handling {
   public:
    explicit Handling(Share& share) noexcept;
    ~Handling();
    Handling(const Handling&) = delete;
    Handling& operator=(const Handling&) = delete;
    /// False: the owner has so many threads away that it must wait for its own; answer busy.
    [[nodiscard]] bool admitted() const noexcept { return admitted_; }

   private:
    bool admitted_ = true;
  };

  /// Account that the pool keeps of one of its threads.
  struct Seat;

  /// How long a handler may compute before a spare takes over.
  static constexpr std::chrono::milliseconds patience{10};
  /// Waits that are usually over in this time need no spare.
  static constexpr std::chrono::microseconds brief_wait{300};

  /// `name`: of the threads, at most 15 bytes, with static lifetime. Source and clock outlive it.
  IoPool(ThreadSource& source, const Clock& clock, Log log, std::string_view name, unsigned spares);
  ~IoPool() override;

  [[nodiscard]] net::io_context& context() noexcept { return context_; }

  /// How many threads shall run; they are started as needed. On failure those that started go on.
  [[nodiscard]] Result<void> set_target(unsigned target);
  /// Ends all threads as soon as their current handlers return, and waits for that. Handlers not
  /// yet run never run. Not to be called from a thread of the pool.
  void stop();

 private:
  /// State of a thread; the count of changes above it tells one handler from the next.
  enum : std::uint64_t { outside, inside, away, state_mask = 3, step = 4 };
  class Seated;

  bool before_block() noexcept override;
  void after_block() noexcept override;
  void run();
  void run_one();
  void park();
  [[nodiscard]] Result<void> add_thread() REQUIRES(mutex_);
  [[nodiscard]] bool replace() REQUIRES(mutex_);
  void send_away(Seat& seat) noexcept REQUIRES(mutex_);
  void come_back(Seat& seat) noexcept REQUIRES(mutex_);
  void watch();
  [[nodiscard]] bool look() REQUIRES(mutex_);
  void wake_watch() noexcept;

  ThreadSource& source_;
  const Clock& clock_;
  Log log_;
  const std::string_view name_;
  const unsigned spares_;
  net::io_context context_;
  net::executor_work_guard<Executor> work_;

  Mutex mutex_;
  Condition unparked_;
  Condition watched_;
  std::vector<std::unique_ptr<PoolThread>> threads_ GUARDED_BY(mutex_);
  std::vector<Seat*> seats_ GUARDED_BY(mutex_);
  std::thread watch_ GUARDED_BY(mutex_);
  unsigned total_ GUARDED_BY(mutex_) = 0;  ///< includes those being started
  unsigned calls_ GUARDED_BY(mutex_) = 0;  ///< parked threads to wake
  std::atomic<unsigned> parked_{0};        // written under mutex_
  std::atomic<unsigned> away_{0};          // written under mutex_
  std::atomic<unsigned> running_{0};       // written under mutex_
  std::atomic<unsigned> target_{0};        // written under mutex_
  std::atomic<bool> stopping_{false};      // written under mutex_
  std::atomic<bool> watching_{false};      // written under mutex_
};

}  // namespace trellis::providers
