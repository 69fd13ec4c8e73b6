#include "engine/runtime.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/limits.hpp"

namespace trellis {

EngineRuntime::EngineRuntime(std::shared_ptr<engine::RuntimeParts> parts) noexcept
    : parts_(std::move(parts)) {}

EngineRuntime::~EngineRuntime() = default;

std::size_t EngineRuntime::instances() const noexcept {
  return parts_->instances.alive();
}

namespace engine {

RuntimeParts::RuntimeParts(std::size_t max_instances)
    : instances(max_instances),
      compilations(limits::compilations),
      machine_code(limits::all_machine_bytes),
      watchdog(max_instances, clock) {}

bool InstanceBudget::take() noexcept {
  // Relaxed order is enough: the counter guards nothing but itself.
  std::size_t alive = alive_.load(std::memory_order_relaxed);
  while (alive < maximum_) {
    if (alive_.compare_exchange_weak(alive, alive + 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

Result<InstanceSlot> InstanceSlot::take(std::shared_ptr<RuntimeParts> parts) {
  if (!parts->instances.take()) {
    return fail(ErrorCode::limit,
                fmt::format("all {} guest instances of this process are in use",
                            parts->instances.maximum()),
                "lower the instances per actor, or raise the limit of instances");
  }
  return InstanceSlot(std::move(parts));
}

// Parts are kept by each slot, so that budget and watchdog outlive the last instance.
InstanceSlot::InstanceSlot(std::shared_ptr<RuntimeParts> parts)
    : keep_(std::move(parts)), held_(keep_.get()) {}

void InstanceSlot::GiveBack::operator()(RuntimeParts* parts) const noexcept {
  parts->instances.give_back();
}

}  // namespace engine
}  // namespace trellis
