#include "engine/binary_reader.hpp"

namespace trellis::engine {

std::uint32_t BinaryReader::u32() noexcept {
  std::uint32_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    const std::uint8_t next = byte();
    if (shift == 28 && (next & 0xf0) != 0) break;  // beyond 32 bits, or a sixth byte
    value |= static_cast<std::uint32_t>(next & 0x7f) << shift;
    if ((next & 0x80) == 0) return ok_ ? value : 0;
  }
  ok_ = false;
  return 0;
}

ByteView BinaryReader::take(std::size_t count) noexcept {
  if (!ok_ || count > bytes_.size() - position_) {
    ok_ = false;
    return {};
  }
  const auto taken = bytes_.subspan(position_, count);
  position_ += count;
  return taken;
}

void append_u32(Bytes& out, std::uint32_t value) {
  do {
    const auto low = static_cast<std::uint8_t>(value & 0x7f);
    value >>= 7;
    out.push_back(value == 0 ? low : static_cast<std::uint8_t>(low | 0x80));
  } while (value != 0);
}

}  // namespace trellis::engine
