// The number under which every host files a link (lattice.md 8.3).
#pragma once

#include <cstdint>
#include <string_view>

#include "trellis/bytes.hpp"

namespace trellis::lattice {

/// SipHash-1-3 with a key of zeros.
[[nodiscard]] std::uint64_t siphash13(ByteView bytes) noexcept;

/// Hash of actor key, contract id and link name, each followed by a byte FF.
[[nodiscard]] std::uint64_t link_hash(std::string_view actor, std::string_view contract,
                                      std::string_view link_name);

}  // namespace trellis::lattice
