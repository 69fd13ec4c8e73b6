// Reading MessagePack: just enough for the contracts, lenient (contracts.md 2.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "trellis/guest/msgpack.hpp"

namespace trellis::guest {

/// Reads values one after the other. After the first mistake problem() says what was wrong and
/// everything reads as empty, so callers check once, at the end. No input makes it read outside the
/// bytes or take more memory than a small multiple of them.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return problem_.empty(); }
  /// What was wrong first; empty while nothing is.
  const std::string& problem() const { return problem_; }
  void fail(std::string problem) {
    if (ok()) problem_ = std::move(problem);
    at_ = bytes_.size();
  }

  /// Takes a nil if one is next.
  bool nil() {
    const bool found = at_ < bytes_.size() && byte(at_) == 0xc0;
    if (found) ++at_;
    return found;
  }
  bool is_array() const { return at_ < bytes_.size() && array_marker(byte(at_)); }
  bool boolean() {
    const auto marker = next();
    if (marker != 0xc2 && marker != 0xc3) unexpected(marker, "a boolean");
    return marker == 0xc3;
  }
  /// An integer of any width and sign on the wire; one that does not fit T is a mistake.
  template <class T = std::int64_t>
  T integer() {
    const auto marker = next();
    if (marker >= 0xcc && marker <= 0xcf) return fitting<T>(big_endian(1U << (marker - 0xcc)));
    return fitting<T>(marker < 0x80 ? marker : signed_integer(marker));
  }
  /// Text, or bytes in the place of text.
  std::string_view string() { return piece("text"); }
  /// Bytes as bin, as text, or as an array of numbers.
  Bytes binary() {
    if (!is_array()) return Bytes(piece("bytes"));
    Bytes bytes;
    for (auto left = array(); left > 0 && ok(); --left)
      bytes.push_back(static_cast<char>(integer<std::uint8_t>()));
    return bytes;
  }
  std::size_t map() {
    const auto marker = next();
    if (map_marker(marker)) return count(marker);
    unexpected(marker, "a map");
    return 0;
  }
  std::size_t array() {
    const auto marker = next();
    if (array_marker(marker)) return count(marker);
    unexpected(marker, "an array");
    return 0;
  }
  StringMap string_map() {
    StringMap values;
    for (auto left = map(); left > 0 && ok(); --left) {
      const auto key = string();
      values[std::string(key)] = std::string(string());
    }
    return values;
  }
  std::vector<std::string> strings() {
    std::vector<std::string> values;
    for (auto left = array(); left > 0 && ok(); --left) values.emplace_back(string());
    return values;
  }
  /// Passes over one value of any kind.
  void skip(int depth = 0) {
    constexpr int max_depth = 32;
    if (depth > max_depth) return fail("nested too deeply");
    const auto marker = next();
    if (!map_marker(marker) && !array_marker(marker)) {
      take(scalar_size(marker));
      return;
    }
    for (auto left = std::uint64_t{count(marker)} * (map_marker(marker) ? 2 : 1); left > 0 && ok();
         --left) {
      skip(depth + 1);
    }
  }

 private:
  static bool map_marker(std::uint8_t marker) {
    return (marker & 0xf0U) == 0x80U || marker == 0xde || marker == 0xdf;
  }
  static bool array_marker(std::uint8_t marker) {
    return (marker & 0xf0U) == 0x90U || marker == 0xdc || marker == 0xdd;
  }
  std::uint8_t byte(std::size_t at) const { return static_cast<std::uint8_t>(bytes_[at]); }

  std::uint8_t next() {
    const auto one = take(1);
    return one.empty() ? 0xc1 : static_cast<std::uint8_t>(one.front());
  }
  std::string_view take(std::uint64_t size) {
    if (size > bytes_.size() - at_) ends_early();
    if (!ok()) return {};
    const auto piece = bytes_.substr(at_, static_cast<std::size_t>(size));
    at_ += piece.size();
    return piece;
  }
  void ends_early() { fail("ends after " + std::to_string(bytes_.size()) + " bytes"); }
  void unexpected(std::uint8_t marker, const char* wanted) {
    static constexpr char digits[] = "0123456789abcdef";
    if (!ok()) return;
    fail(std::string("expected ") + wanted + " at byte " + std::to_string(at_ - 1) +
         ", found marker " + digits[marker >> 4U] + digits[marker & 0xfU]);
  }

  std::int64_t signed_integer(std::uint8_t marker) {
    if (marker >= 0xe0) return static_cast<std::int8_t>(marker);
    switch (marker) {
      case 0xd0: return static_cast<std::int8_t>(big_endian(1));
      case 0xd1: return static_cast<std::int16_t>(big_endian(2));
      case 0xd2: return static_cast<std::int32_t>(big_endian(4));
      case 0xd3: return static_cast<std::int64_t>(big_endian(8));
      default: unexpected(marker, "an integer"); return 0;
    }
  }
  /// The value as a T, if it survives the way there and back with its sign.
  template <class T, class From>
  T fitting(From value) {
    const auto small = static_cast<T>(value);
    bool same = static_cast<From>(small) == value;
    if constexpr (std::is_signed_v<T> != std::is_signed_v<From>) {
      same = same && (std::is_signed_v<T> ? small >= T{0} : value >= From{0});
    }
    if (!same) fail(std::to_string(value) + " is out of range");
    return ok() ? small : T{};
  }
  std::string_view piece(const char* wanted) {
    const auto marker = next();
    return take(piece_size(marker, wanted));
  }
  std::uint64_t piece_size(std::uint8_t marker, const char* wanted) {
    if ((marker & 0xe0U) == 0xa0U) return marker & 0x1fU;
    if (marker >= 0xd9 && marker <= 0xdb) return big_endian(1U << (marker - 0xd9));
    if (marker >= 0xc4 && marker <= 0xc6) return big_endian(1U << (marker - 0xc4));
    unexpected(marker, wanted);
    return 0;
  }
  std::uint64_t scalar_size(std::uint8_t marker) {
    if (marker < 0x80 || marker >= 0xe0 || marker == 0xc0 || marker == 0xc2 || marker == 0xc3)
      return 0;
    if (marker >= 0xcc && marker <= 0xcf) return 1U << (marker - 0xcc);
    if (marker >= 0xd0 && marker <= 0xd3) return 1U << (marker - 0xd0);
    if (marker == 0xca || marker == 0xcb) return marker == 0xca ? 4 : 8;
    if (marker >= 0xd4 && marker <= 0xd8) return 1U + (1U << (marker - 0xd4));
    if (marker >= 0xc7 && marker <= 0xc9) return 1U + big_endian(1U << (marker - 0xc7));
    return piece_size(marker, "a value");
  }
  std::uint64_t big_endian(std::size_t size) {
    std::uint64_t value = 0;
    for (const char one : take(size)) value = value << 8U | static_cast<std::uint8_t>(one);
    return value;
  }
  /// The number of items behind a marker of a map or array. Each takes a byte at least.
  std::size_t count(std::uint8_t marker) {
    std::uint64_t size = marker & 0x0fU;
    if (marker == 0xdc || marker == 0xde) size = big_endian(2);
    if (marker == 0xdd || marker == 0xdf) size = big_endian(4);
    if (size > bytes_.size() - at_) ends_early();
    return ok() ? static_cast<std::size_t>(size) : 0;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::string problem_;
};

}  // namespace trellis::guest
