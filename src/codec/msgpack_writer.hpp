// Writes MessagePack in the profile of lattice.md 2.1: every value in its shortest form.
#pragma once

#include <cstdint>
#include <string_view>

#include "trellis/bytes.hpp"

namespace trellis::codec {

/// Appends values to a buffer owned by the caller. Lengths must fit 32 bits: MessagePack cannot say
/// more, and payloads are bounded far below. Belongs to one thread.
class MsgpackWriter {
 public:
  explicit MsgpackWriter(Bytes& out) noexcept : out_(out) {}

  void nil() { out_.push_back(0xc0); }
  void boolean(bool value) { out_.push_back(value ? 0xc3 : 0xc2); }
  void unsigned_integer(std::uint64_t value);
  /// Non-negative values take the unsigned forms.
  void signed_integer(std::int64_t value);
  void float64(double value);
  void string(std::string_view text);
  /// `bin`: the form of bytes fields inside payloads (contracts.md 2.1).
  void binary(ByteView bytes);
  /// Announces `size` bytes that the caller appends: for bodies that arrive in pieces.
  void binary_head(std::size_t size);
  /// An array of integers: the form of `msg` on the lattice, where peers refuse `bin`.
  void byte_array(ByteView bytes);
  /// Announces `count` values, or pairs of key and value, that follow.
  void array(std::size_t count);
  void map(std::size_t count);

 private:
  template <class Number>
  void put(std::uint8_t marker, Number value);
  void append(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }

  Bytes& out_;
};

}  // namespace trellis::codec
