// Whether 32 bytes can be an Ed25519 public key at all (identity.md 1.3).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace trellis::identity {

/// Flaw of the encoded point, or empty: not canonical, of small order, or not on the curve. Takes
/// about 10 µs; libsodium's own check costs three times that because it also proves membership in
/// the main subgroup, which a signature check does not need.
[[nodiscard]] std::string_view flaw_of_point(const std::array<std::uint8_t, 32>& point) noexcept;

}  // namespace trellis::identity
