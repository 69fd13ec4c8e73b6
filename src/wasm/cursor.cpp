#include "wasm/cursor.hpp"

#include "base/text.hpp"

namespace trellis::wasm {

void Cursor::fail_at(std::size_t offset, std::string_view why, ErrorCode code) {
  if (!ok()) return;
  error_ = {code, std::string(why) + " at offset " + std::to_string(offset), {}};
  // Position moves to the end, so that loops over what is left come to theirs.
  at_ = bytes_.size();
}

void Cursor::adopt(const Error& error) {
  if (!ok()) return;
  error_ = error;
  at_ = bytes_.size();
}

std::uint8_t Cursor::u8() {
  if (at_end()) {
    fail_here("the module ends too early");
    return 0;
  }
  return bytes_[at_++];
}

std::uint32_t Cursor::u32() {
  std::uint32_t value = 0;
  // Longer forms than needed are read: linkers leave them where they fill in numbers later.
  for (unsigned shift = 0; shift < 35; shift += 7) {
    const std::uint32_t byte = u8();
    if (!ok()) return 0;
    // Fifth byte has four bits to give; what is beyond them would be lost without a word.
    if (shift == 28 && (byte & 0xf0U) != 0) break;
    value |= (byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0) return value;
  }
  fail_here("a number is larger than 32 bits");
  return 0;
}

std::int64_t Cursor::signed_leb(unsigned bits) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < bits; shift += 7) {
    const std::uint64_t byte = u8();
    if (!ok()) return 0;
    value |= (byte & 0x7fU) << shift;
    const bool last_possible = shift + 7 >= bits;
    if (last_possible) {
      // The bits beyond the value, and its sign bit, must all be the same.
      const auto sign_and_beyond =
          static_cast<std::uint64_t>(0x7fU) & (0x7fU << (bits - 1 - shift));
      const auto these = byte & sign_and_beyond;
      if ((byte & 0x80U) != 0 || (these != 0 && these != sign_and_beyond)) break;
    }
    if ((byte & 0x80U) == 0) {
      const bool negative = (byte & 0x40U) != 0;
      if (negative && shift + 7 < 64) value |= ~std::uint64_t{0} << (shift + 7);
      return static_cast<std::int64_t>(value);
    }
  }
  fail_here("a signed number is too large");
  return 0;
}

ByteView Cursor::bytes(std::size_t count) {
  if (count > left()) {
    fail_here("the module ends too early");
    return {};
  }
  const auto piece = bytes_.subspan(at_, count);
  at_ += count;
  return piece;
}

std::string_view Cursor::name() {
  const auto length = u32();
  const auto text = as_text(bytes(length));
  if (ok() && !is_utf8(text)) fail_here("a name is not UTF-8");
  return ok() ? text : std::string_view();
}

void append_u32(Bytes& out, std::uint32_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80U));
    value >>= 7U;
  }
  out.push_back(static_cast<std::uint8_t>(value));
}

void append_signed(Bytes& out, std::int64_t value) {
  while (value < -0x40 || value > 0x3f) {
    out.push_back(static_cast<std::uint8_t>((static_cast<std::uint64_t>(value) & 0x7fU) | 0x80U));
    value >>= 7;  // arithmetic since C++20
  }
  out.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) & 0x7fU));
}

}  // namespace trellis::wasm
