// Time, passed in so that tests can replace it.
#pragma once

#include <time.h>

#include <chrono>

namespace trellis {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

/// Source of both kinds of time. All members may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual SteadyTime steady() const noexcept = 0;  ///< for deadlines
  /// The same, a few milliseconds behind, where reading it is cheaper: for limits of a second and
  /// more.
  [[nodiscard]] virtual SteadyTime coarse() const noexcept { return steady(); }
  [[nodiscard]] virtual WallTime wall() const noexcept = 0;  ///< for claims and log lines
};

/// The operating system's clocks.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] SteadyTime steady() const noexcept override {
    return std::chrono::steady_clock::now();
  }
  [[nodiscard]] SteadyTime coarse() const noexcept override {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);  // a fifth of the cost
    return SteadyTime(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
  }
  [[nodiscard]] WallTime wall() const noexcept override { return std::chrono::system_clock::now(); }
};

}  // namespace trellis
