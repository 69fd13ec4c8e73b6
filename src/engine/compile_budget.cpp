#include "engine/compile_budget.hpp"

#include <fmt/format.h>

#include "base/call_limits.hpp"

namespace trellis::engine {

Result<CompileGate::Turn> CompileGate::enter(std::chrono::milliseconds patience) {
  MutexLock lock(mutex_);
  if (!freed_.wait_for(lock, patience, [this]() REQUIRES(mutex_) { return free_ > 0; })) {
    return fail(ErrorCode::busy,
                fmt::format("other modules were being compiled for {} s", patience.count() / 1000),
                "start fewer actors at one time, or try again");
  }
  --free_;
  return Turn(*this);
}

void CompileGate::leave() noexcept {
  {
    const MutexLock lock(mutex_);
    ++free_;
  }
  freed_.notify_one();
}

Result<MachineCodeBudget::Share> MachineCodeBudget::take(std::uint64_t bytes) {
  const MutexLock lock(mutex_);
  // Subtraction cannot wrap, because used_ never exceeds most_; a sum with an estimate of somebody
  // else's module might.
  if (bytes > most_ - used_) {
    return fail(
        ErrorCode::limit,
        fmt::format("no room for the machine code of another module: it takes about {} MiB, "
                    "{} of {} MiB are in use",
                    bytes / limits::mib, used_ / limits::mib, most_ / limits::mib),
        "stop actors that are not needed, or run this one on another host");
  }
  used_ += bytes;
  return Share(*this, bytes);
}

void MachineCodeBudget::give_back(std::uint64_t bytes) noexcept {
  const MutexLock lock(mutex_);
  used_ -= bytes;
}

}  // namespace trellis::engine
