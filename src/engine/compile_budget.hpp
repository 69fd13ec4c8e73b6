// Shares of a process that all its modules draw on: turns to compile, and room for machine code.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/mutex.hpp"
#include "trellis/result.hpp"

namespace trellis::engine {

/// Lets a few compile at one time, so that many starts at once need the memory of those few. Any
/// thread; the thread that has a turn gives it back.
class CompileGate {
 public:
  explicit CompileGate(std::size_t turns) noexcept : free_(turns) {}

  /// Gives the turn back when destroyed; the gate must outlive it.
  class Turn {
   public:
    explicit Turn(CompileGate& gate) noexcept : gate_(&gate) {}

   private:
    struct Leave {
      void operator()(CompileGate* gate) const noexcept { gate->leave(); }
    };
    std::unique_ptr<CompileGate, Leave> gate_;
  };

  /// Waits for a turn, first come first served only roughly. Fails with busy after `patience`.
  [[nodiscard]] Result<Turn> enter(std::chrono::milliseconds patience);

 private:
  void leave() noexcept;

  Mutex mutex_;
  Condition freed_;
  std::size_t free_ GUARDED_BY(mutex_);
};

/// Counts the machine code of all modules: the engine ends the process when it has no more room.
/// Any thread.
class MachineCodeBudget {
 public:
  explicit MachineCodeBudget(std::uint64_t most) noexcept : most_(most) {}

  /// Gives the bytes back when destroyed; the budget must outlive it.
  class Share {
   public:
    Share(MachineCodeBudget& budget, std::uint64_t bytes) noexcept
        : budget_(&budget, GiveBack{bytes}) {}

   private:
    struct GiveBack {
      std::uint64_t bytes;
      void operator()(MachineCodeBudget* budget) const noexcept { budget->give_back(bytes); }
    };
    std::unique_ptr<MachineCodeBudget, GiveBack> budget_;
  };

  /// Fails with limit, and says how much is in use.
  [[nodiscard]] Result<Share> take(std::uint64_t bytes);

 private:
  void give_back(std::uint64_t bytes) noexcept;

  const std::uint64_t most_;
  Mutex mutex_;
  std::uint64_t used_ GUARDED_BY(mutex_) = 0;
};

}  // namespace trellis::engine
