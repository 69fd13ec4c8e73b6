// The I/O threads of a provider: as many run as there are cores, and for every one that blocks
// inside a request a spare takes over (DESIGN "Blocking").
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/blocking.hpp"
#include "base/log.hpp"
#include "providers/net/asio.hpp"
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
/// A thread is running (in the io_context), blocked (inside a handler that waits) or parked. The
/// pool keeps `target` running. One that blocks is replaced by a parked or a new one; when its wait
/// is over there is one too many, and the next to finish a handler parks. At most `spares` beyond
/// the target exist: then waits are refused, so that I/O never stops.
class IoPool final : private BlockingHooks {
 public:
  /// `name`: of the threads, at most 15 bytes, with static lifetime.
  IoPool(ThreadSource& source, Log log, std::string_view name, unsigned spares);
  ~IoPool() override;

  [[nodiscard]] net::io_context& context() noexcept { return context_; }

  /// How many threads shall run; they are started as needed. On failure those that started go on.
  [[nodiscard]] Result<> set_target(unsigned target);
  /// Ends all threads as soon as their current handlers return, and waits for that. Handlers not
  /// yet run never run. Not to be called from a thread of the pool.
  void stop();

 private:
  using Lock = std::unique_lock<std::mutex>;

  bool before_block() noexcept override;
  void after_block() noexcept override;
  void run();
  void run_one();
  void park();
  [[nodiscard]] Result<> add_thread(Lock& lock);

  ThreadSource& source_;
  Log log_;
  const std::string_view name_;
  const unsigned spares_;
  net::io_context context_;
  net::executor_work_guard<Executor> work_;

  std::mutex mutex_;
  std::condition_variable unparked_;
  std::vector<std::unique_ptr<PoolThread>> threads_;  // under mutex_
  unsigned total_ = 0;                                // under mutex_; includes those being started
  unsigned parked_ = 0;                               // under mutex_
  unsigned calls_ = 0;                                // under mutex_; parked threads to wake
  std::atomic<unsigned> running_{0};                  // written under mutex_
  std::atomic<unsigned> target_{0};                   // written under mutex_
  std::atomic<bool> stopping_{false};                 // written under mutex_
};

}  // namespace trellis::providers
