// Reads the binary format of WebAssembly: bytes, LEB128 numbers, names. Never past the end.
#pragma once

#include <cstdint>
#include <string_view>

#include "trellis/bytes.hpp"

namespace trellis::engine {

/// A cursor. The first read that fails makes it bad for good: further reads give zeros and empty
/// views, so a caller may check once after a group of reads. One thread.
class BinaryReader {
 public:
  explicit BinaryReader(ByteView bytes) noexcept : bytes_(bytes) {}

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] bool at_end() const noexcept { return position_ == bytes_.size(); }
  [[nodiscard]] std::size_t position() const noexcept { return position_; }

  std::uint8_t byte() noexcept {
    const auto one = take(1);
    return one.empty() ? 0 : one[0];
  }
  /// Unsigned LEB128 of at most 32 bits (5 bytes).
  std::uint32_t u32() noexcept;
  /// Length-prefixed text; not checked for UTF-8.
  std::string_view name() noexcept { return as_text(take(u32())); }
  ByteView take(std::size_t count) noexcept;

 private:
  ByteView bytes_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

/// Appends unsigned LEB128.
void append_u32(Bytes& out, std::uint32_t value);

}  // namespace trellis::engine
