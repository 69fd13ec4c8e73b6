// How long to sleep on a condition variable when the deadline belongs to a Clock of ours.
#pragma once

#include <algorithm>
#include <chrono>

#include "trellis/clock.hpp"

namespace trellis {

/// The time left, cut to an hour: a far deadline must not overflow the system's absolute times.
/// Callers look at their clock again afterwards.
[[nodiscard]] inline std::chrono::nanoseconds wait_span(SteadyTime now, SteadyTime deadline) {
  if (deadline <= now) return std::chrono::nanoseconds(0);
  constexpr std::chrono::nanoseconds longest = std::chrono::hours(1);
  if (deadline > now + longest) return longest;
  return deadline - now;
}

}  // namespace trellis
