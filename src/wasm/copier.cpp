#include "wasm/copier.hpp"

#include <string>

namespace trellis::wasm {

std::uint8_t Copier::byte() {
  last_item_ = in_.offset();
  const auto value = in_.u8();
  out_.push_back(value);
  return value;
}

std::uint32_t Copier::u32() {
  last_item_ = in_.offset();
  const auto value = in_.u32();
  append_u32(out_, value);
  return value;
}

std::int64_t Copier::signed_leb(unsigned bits) {
  last_item_ = in_.offset();
  const auto value = in_.signed_leb(bits);
  append_signed(out_, value);
  return value;
}

void Copier::raw(std::size_t count) {
  const auto bytes = in_.bytes(count);
  out_.insert(out_.end(), bytes.begin(), bytes.end());
}

void Copier::name() {
  const auto bytes = as_bytes(in_.name());
  append_u32(out_, static_cast<std::uint32_t>(bytes.size()));
  out_.insert(out_.end(), bytes.begin(), bytes.end());
}

void Copier::unsupported(std::string_view what) {
  // Offset is that of the item with which the feature began.
  in_.fail_at(last_item_, "it uses " + std::string(what), ErrorCode::unsupported);
}

void Copier::value_type() {
  switch (byte()) {
    case 0x7f:  // i32
    case 0x7e:  // i64
    case 0x7d:  // f32
    case 0x7c:  // f64
    case 0x70:  // funcref
    case 0x6f:  // externref
      return;
    case 0x7b: return unsupported("the SIMD type v128");
    default: return unsupported("an unknown value type");
  }
}

void Copier::reference_type() {
  const auto type = byte();
  if (type != 0x70 && type != 0x6f) unsupported("an unknown reference type");
}

void Copier::limits() {
  const auto flags = byte();
  if (flags > 1) return unsupported("shared or 64-bit limits");
  u32();
  if (flags == 1) u32();
}

}  // namespace trellis::wasm
