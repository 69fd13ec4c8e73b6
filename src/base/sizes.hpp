// From 64-bit counts, as options, links and files state them, to sizes of this machine's memory.
// Counts beyond an address space become as much as it can hold: a bound that high bounds nothing
// there, and one that was cut to its lower 32 bits would bound almost everything.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace trellis {

/// The count, or the largest `Size`.
template <class Size = std::size_t>
[[nodiscard]] constexpr Size to_size(std::uint64_t count) noexcept {
  return static_cast<Size>(std::min<std::uint64_t>(count, std::numeric_limits<Size>::max()));
}

/// Bytes of so many MiB, or the largest `Size`.
template <class Size = std::size_t>
[[nodiscard]] constexpr Size mebibytes(std::uint64_t count) noexcept {
  constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max() >> 20U;
  return to_size<Size>(std::min(count, largest) << 20U);
}

}  // namespace trellis
