#include "identity/wasm_copier.hpp"

#include <string>

namespace trellis::identity {

std::uint8_t WasmCopier::byte() {
  last_item_ = in_.offset();
  const auto value = in_.u8();
  out_.push_back(value);
  return value;
}

std::uint32_t WasmCopier::u32() {
  last_item_ = in_.offset();
  const auto value = in_.u32();
  append_u32(out_, value);
  return value;
}

std::int64_t WasmCopier::signed_leb(unsigned bits) {
  last_item_ = in_.offset();
  const auto value = in_.signed_leb(bits);
  append_signed(out_, value);
  return value;
}

void WasmCopier::raw(std::size_t count) {
  const auto bytes = in_.bytes(count);
  out_.insert(out_.end(), bytes.begin(), bytes.end());
}

void WasmCopier::name() {
  const auto bytes = as_bytes(in_.name());
  append_u32(out_, static_cast<std::uint32_t>(bytes.size()));
  out_.insert(out_.end(), bytes.begin(), bytes.end());
}

void WasmCopier::unsupported(std::string_view what) {
  in_.fail_at(last_item_, "it uses " + std::string(what), ErrorCode::unsupported);
}

void WasmCopier::value_type() {
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

void WasmCopier::reference_type() {
  const auto type = byte();
  if (type != 0x70 && type != 0x6f) unsupported("an unknown reference type");
}

void WasmCopier::limits() {
  const auto flags = byte();
  if (flags > 1) return unsupported("shared or 64-bit limits");
  u32();
  if (flags == 1) u32();
}

}  // namespace trellis::identity
