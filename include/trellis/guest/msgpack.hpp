// Writing MessagePack: just enough for the contracts, exact (contracts.md 2.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "trellis/guest/result.hpp"

namespace trellis::guest {

using StringMap = std::map<std::string, std::string>;

/// Appends values in their shortest form.
class Writer {
 public:
  void nil() { put(0xc0); }
  void boolean(bool value) { put(value ? 0xc3 : 0xc2); }
  void integer(std::int64_t value) {
    if (value >= 0) return unsigned_integer(static_cast<std::uint64_t>(value));
    if (value >= -32) return put(static_cast<std::uint8_t>(value));
    const auto bits = static_cast<std::uint64_t>(value);
    if (value >= INT8_MIN) return sized(0xd0, bits, 1);
    if (value >= INT16_MIN) return sized(0xd1, bits, 2);
    if (value >= INT32_MIN) return sized(0xd2, bits, 4);
    sized(0xd3, bits, 8);
  }
  void unsigned_integer(std::uint64_t value) {
    if (value < 0x80) return put(static_cast<std::uint8_t>(value));
    if (value <= UINT8_MAX) return sized(0xcc, value, 1);
    if (value <= UINT16_MAX) return sized(0xcd, value, 2);
    if (value <= UINT32_MAX) return sized(0xce, value, 4);
    sized(0xcf, value, 8);
  }
  void string(std::string_view text) {
    if (text.size() < 32) {
      put(static_cast<std::uint8_t>(0xa0 + text.size()));
    } else {
      length(0xd9, text.size());
    }
    out_.append(text);
  }
  void binary(std::string_view bytes) {
    length(0xc4, bytes.size());
    out_.append(bytes);
  }
  void map(std::size_t size) { collection(0x80, 0xde, size); }
  void array(std::size_t size) { collection(0x90, 0xdc, size); }
  void string_map(const StringMap& values) {
    map(values.size());
    for (const auto& [key, value] : values) {
      string(key);
      string(value);
    }
  }
  Bytes take() { return std::move(out_); }

 private:
  void put(std::uint8_t byte) { out_.push_back(static_cast<char>(byte)); }
  void sized(std::uint8_t marker, std::uint64_t value, int bytes) {
    put(marker);
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
      put(static_cast<std::uint8_t>(value >> shift));
    }
  }
  void length(std::uint8_t marker8, std::size_t size) {
    if (size <= UINT8_MAX) return sized(marker8, size, 1);
    if (size <= UINT16_MAX) return sized(static_cast<std::uint8_t>(marker8 + 1), size, 2);
    sized(static_cast<std::uint8_t>(marker8 + 2), size, 4);
  }
  void collection(std::uint8_t fix, std::uint8_t marker16, std::size_t size) {
    if (size < 16) return put(static_cast<std::uint8_t>(fix + size));
    if (size <= UINT16_MAX) return sized(marker16, size, 2);
    sized(static_cast<std::uint8_t>(marker16 + 1), size, 4);
  }

  Bytes out_;
};

}  // namespace trellis::guest
