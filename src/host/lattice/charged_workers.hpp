// GuestThreadPool for what comes from the lattice, where what waits counts against the memory
// budget.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "base/limits.hpp"
#include "base/memory_budget.hpp"
#include "threads/guest_thread_pool.hpp"

namespace trellis::host {

/// Any thread.
class ChargedWorkers {
 public:
  ChargedWorkers(std::size_t threads, std::shared_ptr<MemoryBudget> memory, Held kind)
      : workers_(threads), memory_(std::move(memory)), kind_(kind) {}

  /// `bytes` of a job are charged until it has run. Errors: busy (no memory, or too many wait),
  /// cancelled (stopped).
  [[nodiscard]] Result<void> post(std::function<void()> job, std::string_view owner,
                                  std::size_t bytes) {
    auto charge = MemoryCharge::of(memory_, kind_, bytes + limits::queued_job_bytes);
    if (!charge) return pass(charge);
    const auto held = std::make_shared<MemoryCharge>(std::move(*charge));
    return workers_.post([job = std::move(job), held] { job(); }, {.owner = owner, .bytes = bytes});
  }
  /// For jobs of this host itself.
  [[nodiscard]] GuestThreadPool& workers() noexcept { return workers_; }
  void stop() { workers_.stop(); }

 private:
  GuestThreadPool workers_;
  const std::shared_ptr<MemoryBudget> memory_;
  const Held kind_;
};

}  // namespace trellis::host
