// Just enough MessagePack for the contracts (contracts.md 2.1): exact writing, lenient reading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

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

/// Reads values one after the other. After the first mistake ok() is false and everything reads as
/// empty, so callers check once, at the end.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }

  bool nil() {
    if (rest_.empty() || peek() != 0xc0) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool boolean() {
    const auto marker = next();
    if (marker != 0xc2 && marker != 0xc3) fail();
    return marker == 0xc3;
  }
  /// Any integer form; what does not fit into 64 signed bits is a mistake.
  std::int64_t integer() {
    const auto marker = next();
    if (marker < 0x80) return marker;
    if (marker >= 0xe0) return static_cast<std::int8_t>(marker);
    if (marker >= 0xcc && marker <= 0xcf) {
      const auto value = big_endian(std::size_t{1} << (marker - 0xcc));
      if (value > INT64_MAX) fail();
      return static_cast<std::int64_t>(value);
    }
    switch (marker) {
      case 0xd0: return static_cast<std::int8_t>(big_endian(1));
      case 0xd1: return static_cast<std::int16_t>(big_endian(2));
      case 0xd2: return static_cast<std::int32_t>(big_endian(4));
      case 0xd3: return static_cast<std::int64_t>(big_endian(8));
      default: fail(); return 0;
    }
  }
  std::string_view string() {
    if (rest_.empty()) return fail();
    const auto marker = peek();
    if ((marker & 0xe0U) == 0xa0U) {
      rest_.remove_prefix(1);
      return take(marker & 0x1fU);
    }
    if ((marker >= 0xd9 && marker <= 0xdb) || (marker >= 0xc4 && marker <= 0xc6)) {
      rest_.remove_prefix(1);
      return take(big_endian(std::size_t{1} << (marker - (marker >= 0xd9 ? 0xd9 : 0xc4))));
    }
    return fail();
  }
  /// Bytes as bin, as text, or as an array of numbers.
  Bytes binary() {
    if (!rest_.empty() && (peek() >= 0xdc && peek() <= 0xdd)) return numbers(array());
    if (!rest_.empty() && (peek() & 0xf0U) == 0x90U) return numbers(array());
    return Bytes(string());
  }
  std::size_t map() { return collection(0x80, 0xde); }
  std::size_t array() { return collection(0x90, 0xdc); }
  StringMap string_map() {
    StringMap values;
    for (auto left = map(); left > 0 && ok_; --left) {
      const auto key = string();
      values[std::string(key)] = std::string(string());
    }
    return values;
  }
  std::vector<std::string> strings() {
    std::vector<std::string> values;
    for (auto left = array(); left > 0 && ok_; --left) values.emplace_back(string());
    return values;
  }
  /// Passes over one value of any kind.
  void skip(int depth = 0) {
    if (rest_.empty() || depth > 32) {
      fail();
      return;
    }
    const auto marker = peek();
    if ((marker & 0xf0U) == 0x80U || marker == 0xde || marker == 0xdf) {
      for (auto left = map(); left > 0 && ok_; --left) {
        skip(depth + 1);
        skip(depth + 1);
      }
    } else if ((marker & 0xf0U) == 0x90U || marker == 0xdc || marker == 0xdd) {
      for (auto left = array(); left > 0 && ok_; --left) skip(depth + 1);
    } else if ((marker & 0xe0U) == 0xa0U || (marker >= 0xd9 && marker <= 0xdb) ||
               (marker >= 0xc4 && marker <= 0xc6)) {
      string();
    } else if (marker == 0xc0 || marker == 0xc2 || marker == 0xc3) {
      rest_.remove_prefix(1);
    } else if (marker == 0xca || marker == 0xcb) {
      rest_.remove_prefix(1);
      take(marker == 0xca ? 4 : 8);
    } else {
      const auto before = ok_;
      integer();
      if (before && !ok_ && marker == 0xcf) ok_ = true;  // a large unsigned number is a value too
    }
  }

 private:
  std::uint8_t peek() const { return static_cast<std::uint8_t>(rest_.front()); }
  std::uint8_t next() {
    if (rest_.empty()) {
      fail();
      return 0xc1;
    }
    const auto byte = peek();
    rest_.remove_prefix(1);
    return byte;
  }
  std::string_view fail() {
    ok_ = false;
    rest_ = {};
    return {};
  }
  std::string_view take(std::uint64_t size) {
    if (size > rest_.size()) return fail();
    const auto piece = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(static_cast<std::size_t>(size));
    return piece;
  }
  std::uint64_t big_endian(std::size_t bytes) {
    std::uint64_t value = 0;
    for (const char byte : take(bytes)) value = value << 8U | static_cast<std::uint8_t>(byte);
    return value;
  }
  std::size_t collection(unsigned fix, unsigned marker16) {
    const auto marker = next();
    if ((marker & 0xf0U) == fix) return marker & 0x0fU;
    if (marker != marker16 && marker != marker16 + 1) {
      fail();
      return 0;
    }
    const auto size = big_endian(marker == marker16 ? 2 : 4);
    if (size > rest_.size()) fail();  // each element takes a byte at least
    return ok_ ? static_cast<std::size_t>(size) : 0;
  }
  Bytes numbers(std::size_t count) {
    Bytes bytes;
    for (; count > 0 && ok_; --count) {
      const auto value = integer();
      if (value < 0 || value > 255) fail();
      bytes.push_back(static_cast<char>(value));
    }
    return bytes;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace trellis::guest
