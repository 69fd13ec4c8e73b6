// Instances of one actor version: taken, used by one call at a time, given back.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "actor/wait_graph.hpp"
#include "base/call_context.hpp"
#include "base/mutex.hpp"
#include "trellis/result.hpp"
#include "wapc/guest.hpp"

namespace trellis::actor {

/// Sizes of a pool (D4). A serial actor has maximum 1 and reserve 0.
struct PoolLimits {
  std::size_t minimum = 1;  ///< made by fill()
  std::size_t maximum = 1;  ///< for calls from outside
  std::size_t reserve = 0;  ///< further ones that only nested calls may use
  std::size_t waiters = 0;  ///< calls from outside that may wait; nested ones always may
};

struct PoolStatistics {
  std::size_t alive = 0;
  std::size_t busy = 0;
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;
  std::uint64_t replaced = 0;
};

/// Instances are made on demand up to the maximum. A call that finds none free waits in line until
/// its deadline; nested calls go before new ones. A poisoned instance (trap, kill, limit) is
/// dropped and its place filled again by the next call that needs it (D5). All members may be
/// called from any thread; take() must be called where guests may be made.
class Pool final : public Resource {
 public:
  using Factory = std::function<Result<std::unique_ptr<wapc::Guest>>()>;

  Pool(std::string actor_key, PoolLimits limits, Factory factory, WaitGraph& graph);
  ~Pool() override;

  /// An instance in use; gives it back, or drops a poisoned one, at the end of its life.
  class Lease {
   public:
    Lease(Lease&& other) noexcept : pool_(other.pool_), slot_(other.slot_) {
      other.pool_ = nullptr;
    }
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (pool_ != nullptr) pool_->give_back(slot_);
    }
    [[nodiscard]] wapc::Guest& guest() const noexcept { return *pool_->slots_[slot_].guest; }
    void count_error() noexcept {
      pool_->slots_[slot_].errors.fetch_add(1, std::memory_order_relaxed);
    }

   private:
    friend class Pool;
    Lease(Pool* pool, std::size_t slot) noexcept : pool_(pool), slot_(slot) {}
    Pool* pool_;
    std::size_t slot_;
  };

  /// Makes instances up to the minimum.
  [[nodiscard]] Result<void> fill();
  /// Takes an instance for `caller`, waiting until its deadline where none is free.
  [[nodiscard]] Result<Lease> take(const CallContext& caller);
  /// Takes one without ever waiting or making one: nothing when none is idle.
  [[nodiscard]] Result<Lease> try_take(const CallContext& caller);

  /// Waits until no call is in execution or waiting; the caller sees to it that no new ones come.
  /// False when `deadline` passed first.
  [[nodiscard]] bool drain(SteadyTime deadline);
  /// Refuses new calls and wakes all that wait. Calls in execution go on.
  void close();

  /// The answer to a call that can only wait for itself (contracts.md 1.8, exact text).
  [[nodiscard]] std::unexpected<Error> in_chain() const;

  [[nodiscard]] PoolStatistics statistics() const noexcept;
  /// Calls in line for a place.
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.load(); }
  [[nodiscard]] const PoolLimits& limits() const noexcept { return limits_; }

  void for_each_holder(bool nested, const std::function<void(std::uint64_t)>& visit) const override;

 private:
  enum class State : std::uint8_t { empty, idle, busy };

  /// On cache lines of its own: two threads on two instances share nothing.
  struct alignas(64) Slot {
    std::atomic<State> state{State::empty};
    std::atomic<std::uint64_t> holder{0};  // chain in execution; meaningful while busy
    std::unique_ptr<wapc::Guest> guest;    // belongs to whoever made the slot busy
    std::atomic<std::uint64_t> calls{0};
    std::atomic<std::uint64_t> errors{0};
    std::atomic<std::uint64_t> replaced{0};
  };
  struct Waiter {
    Wait wait;
    Condition woken;
    std::size_t slot = no_slot;
  };
  static constexpr std::size_t no_slot = static_cast<std::size_t>(-1);

  [[nodiscard]] std::size_t places(bool nested) const noexcept {
    return nested ? slots_.size() : limits_.maximum;
  }
  [[nodiscard]] std::size_t take_in_state(State wanted, bool nested, std::uint64_t chain) noexcept;
  [[nodiscard]] Result<Lease> lease(std::size_t slot);
  [[nodiscard]] Result<Lease> wait_for_place(const CallContext& caller, bool nested);
  [[nodiscard]] Result<std::size_t> wait_in_line(Waiter& waiter, SteadyTime deadline);
  void give_back(std::size_t slot) noexcept;
  /// Gives a place that is still marked busy to the first in line, or puts it into `otherwise`.
  void hand_over(std::size_t slot, State otherwise) noexcept;
  [[nodiscard]] std::unexpected<Error> closed() const;

  const std::string key_;
  const PoolLimits limits_;
  const Factory factory_;
  WaitGraph& graph_;
  std::vector<Slot> slots_;
  std::atomic<bool> closed_{false};
  std::atomic<bool> draining_{false};
  std::atomic<std::size_t> waiting_{0};

  // Lock order: WaitGraph's lock is never taken while mutex_ is held.
  mutable Mutex mutex_;
  std::list<Waiter*> nested_line_ GUARDED_BY(mutex_);
  std::list<Waiter*> new_line_ GUARDED_BY(mutex_);
  Condition drained_;
};

}  // namespace trellis::actor
