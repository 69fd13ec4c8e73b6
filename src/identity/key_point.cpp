#include "identity/key_point.hpp"

#include <sodium.h>

#include <algorithm>

namespace trellis::identity {
namespace {

using Point = std::array<std::uint8_t, 32>;

/// The y coordinates of the eight points whose order divides 8, little endian: 1, -1, 0 and the two
/// of order 8. The sign bit of x is left out of the comparison.
constexpr std::array<Point, 5> small_order_y{{
    {0x01},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0x00},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
     0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
     0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
     0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
     0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
}};

/// y below 2^255 - 19; larger values name the same points a second time.
bool canonical(const Point& y) noexcept {
  if (y[31] != 0x7f || y[0] < 0xed) return true;
  return !std::all_of(y.begin() + 1, y.begin() + 31, [](auto b) { return b == 0xff; });
}

}  // namespace

std::string_view flaw_of_point(const std::array<std::uint8_t, 32>& point) noexcept {
  Point y = point;
  // Sign bit of x lies in the last byte, and is no part of y.
  y[31] &= 0x7fU;
  if (!canonical(y)) return "its point is not in canonical form";
  // Small order is refused because with such a "key" one signature holds for every message
  // (identity.md 1.3, vector K7).
  if (std::find(small_order_y.begin(), small_order_y.end(), y) != small_order_y.end()) {
    return "its point has small order";
  }
  Point sum{};  // adding is the cheapest operation of libsodium that insists on points of the curve
  if (crypto_core_ed25519_add(sum.data(), point.data(), point.data()) != 0) {
    return "it is not a point of the curve";
  }
  return {};
}

}  // namespace trellis::identity
