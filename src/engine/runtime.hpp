// Parts of an EngineRuntime, for the layers above the engine.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "engine/compile_budget.hpp"
#include "engine/engine.hpp"
#include "engine/watchdog.hpp"
#include "trellis/clock.hpp"
#include "trellis/engine.hpp"

namespace trellis::engine {

/// Counts instances against the cap. Any thread.
class InstanceBudget {
 public:
  explicit InstanceBudget(std::size_t maximum) noexcept : maximum_(maximum) {}
  /// False when all are taken.
  [[nodiscard]] bool take() noexcept;
  void give_back() noexcept { alive_.fetch_sub(1, std::memory_order_relaxed); }
  [[nodiscard]] std::size_t alive() const noexcept {
    return alive_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::size_t maximum() const noexcept { return maximum_; }

 private:
  const std::size_t maximum_;
  std::atomic<std::size_t> alive_{0};
};

/// One place in the budget, given back when destroyed.
class InstanceSlot {
 public:
  /// Fails with limit.
  [[nodiscard]] static Result<InstanceSlot> take(std::shared_ptr<RuntimeParts> parts);

 private:
  struct GiveBack {
    void operator()(RuntimeParts* parts) const noexcept;
  };
  explicit InstanceSlot(std::shared_ptr<RuntimeParts> parts);
  std::shared_ptr<RuntimeParts> keep_;
  std::unique_ptr<RuntimeParts, GiveBack> held_;
};

/// Modules and instances share ownership of this. Any thread.
struct RuntimeParts : std::enable_shared_from_this<RuntimeParts> {
  explicit RuntimeParts(std::size_t max_instances);

  InstanceBudget instances;
  CompileGate compilations;
  MachineCodeBudget machine_code;
  const SystemClock clock;  ///< guests are timed by the system
  Watchdog watchdog;
  std::unique_ptr<Engine> engine;
};

/// Way into an EngineRuntime, for the layers of the host. Any thread.
class RuntimeAccess {
 public:
  /// Wraps an engine that is made already.
  [[nodiscard]] static std::shared_ptr<EngineRuntime> wrap(std::shared_ptr<RuntimeParts> parts) {
    return std::shared_ptr<EngineRuntime>(new EngineRuntime(std::move(parts)));
  }
  [[nodiscard]] static const std::shared_ptr<RuntimeParts>& parts(
      const EngineRuntime& runtime) noexcept {
    return runtime.parts_;
  }
};

}  // namespace trellis::engine
