// The limit of work for a call: the end of its caller's patience, looked at from inside long work.
#pragma once

#include <chrono>
#include <cstdint>

#include "trellis/clock.hpp"
#include "trellis/result.hpp"

namespace trellis::providers {

/// Limit up to which work may go on for a call. A thousand steps of which none takes a microsecond
/// pass between two looks at the clock. One thread at a time.
class WorkLimit {
 public:
  /// Until `deadline` of std::chrono::steady_clock, which is the clock of the ABI.
  explicit WorkLimit(SteadyTime deadline) noexcept : deadline_(deadline) {}

  /// To be asked before each step; false once nobody waits any more.
  [[nodiscard]] bool go_on() noexcept {
    if (over_ || (++steps_ % steps_between_looks) != 0) return !over_;
    over_ = std::chrono::steady_clock::now() >= deadline_;
    return !over_;
  }
  [[nodiscard]] bool over() const noexcept { return over_; }
  /// Answer to a call whose work was over its limit.
  [[nodiscard]] static std::unexpected<Error> error() {
    return fail(ErrorCode::deadline, "the time of the call ran out while it was being worked on",
                "ask for less at once, or allow calls more time");
  }

 private:
  static constexpr std::uint64_t steps_between_looks = 1024;

  const SteadyTime deadline_;
  std::uint64_t steps_ = 0;
  bool over_ = false;
};

}  // namespace trellis::providers
