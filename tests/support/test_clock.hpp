// A clock that tests set by hand.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "trellis/clock.hpp"

namespace trellis::test {

/// Both kinds of time are `now_ms` milliseconds after their epoch. Any thread.
class TestClock final : public Clock {
 public:
  [[nodiscard]] SteadyTime steady() const noexcept override {
    return SteadyTime(std::chrono::milliseconds(now_ms.load()));
  }
  [[nodiscard]] WallTime wall() const noexcept override {
    return WallTime(std::chrono::milliseconds(now_ms.load()));
  }
  void advance(std::chrono::milliseconds by) noexcept { now_ms += by.count(); }

  std::atomic<std::int64_t> now_ms = 1'700'000'000'000;
};

}  // namespace trellis::test
