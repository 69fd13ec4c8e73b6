// Timing of short operations: many runs in batches, the median of the batches.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

namespace trellis::bench {

using Clock = std::chrono::steady_clock;

/// The middle one; of an even number the upper of two. Not empty.
inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Nanoseconds per call: batches of about 10 ms after a warm-up, for `seconds`; their median.
template <class Call>
double nanoseconds_per_call(Call&& call, double seconds = 0.5) {
  std::size_t batch = 16;
  while (true) {
    const auto start = Clock::now();
    for (std::size_t i = 0; i < batch; ++i) call();
    if (seconds_since(start) > 0.01 || batch > (1U << 26U)) break;
    batch *= 2;
  }
  std::vector<double> batches;
  const auto begun = Clock::now();
  while (seconds_since(begun) < seconds || batches.size() < 5) {
    const auto start = Clock::now();
    for (std::size_t i = 0; i < batch; ++i) call();
    batches.push_back(seconds_since(start) * 1e9 / static_cast<double>(batch));
  }
  std::nth_element(batches.begin(),
                   batches.begin() + static_cast<std::ptrdiff_t>(batches.size() / 2),
                   batches.end());
  return batches[batches.size() / 2];
}

/// Two operations measured by turns in short pieces, so that whatever else the machine does hits
/// both.
struct Pair {
  double floor = 0;
  double value = 0;
};
template <class Floor, class Value>
Pair measure_by_turns(Floor&& floor, Value&& value, int turns = 7, double seconds = 0.12) {
  std::vector<double> floors;
  std::vector<double> values;
  for (int i = 0; i < turns; ++i) {
    floors.push_back(nanoseconds_per_call(floor, seconds));
    values.push_back(nanoseconds_per_call(value, seconds));
  }
  std::sort(floors.begin(), floors.end());
  std::sort(values.begin(), values.end());
  return {floors[floors.size() / 2], values[values.size() / 2]};
}

}  // namespace trellis::bench
