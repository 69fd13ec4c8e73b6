// Ends of waits. Sockets and conditions wait on the system's clock, whatever clock a host has: who
// only waits says for how long, and reads no clock itself.
#pragma once

#include <chrono>

#include "trellis/clock.hpp"

namespace trellis {

/// When a wait of this length ends that begins now. Not for more than a year: it would overflow.
template <class Rep, class Period>
[[nodiscard]] SteadyTime deadline_in(std::chrono::duration<Rep, Period> time) noexcept {
  return SystemClock().steady() + std::chrono::duration_cast<SteadyTime::duration>(time);
}

/// Whether a wait has ended.
[[nodiscard]] inline bool is_over(SteadyTime deadline) noexcept {
  return SystemClock().steady() >= deadline;
}

/// What is left of a wait; not below zero.
[[nodiscard]] inline SteadyTime::duration time_left(SteadyTime deadline) noexcept {
  const auto now = SystemClock().steady();
  return deadline > now ? deadline - now : SteadyTime::duration::zero();
}

}  // namespace trellis
