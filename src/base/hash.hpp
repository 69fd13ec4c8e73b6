// SHA-256, through OpenSSL (five times as fast as libsodium's here).
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "trellis/bytes.hpp"

namespace trellis {

using Digest = std::array<std::uint8_t, 32>;

/// SHA-256 of all pieces one after the other, without joining them in memory first. Any thread.
[[nodiscard]] Digest sha256(std::initializer_list<ByteView> pieces);
[[nodiscard]] Digest sha256(ByteView bytes);

/// SHA-256 as 64 upper-case hex digits, the form of hashes in claims (identity.md 2.3).
[[nodiscard]] std::string sha256_upper_hex(std::initializer_list<ByteView> pieces);
[[nodiscard]] std::string sha256_upper_hex(ByteView bytes);

/// Name and version of the library that hashes, and that does TLS: "OpenSSL 3.0.15 3 Sep 2024". Any
/// thread.
[[nodiscard]] std::string tls_library_version();

}  // namespace trellis
