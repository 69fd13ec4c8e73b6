#include "codec/msgpack_writer.hpp"

#include <bit>
#include <limits>

namespace trellis::codec {

namespace {

template <class Number>
[[nodiscard]] constexpr bool fits(std::uint64_t value) noexcept {
  return value <= std::numeric_limits<Number>::max();
}

}  // namespace

template <class Number>
void MsgpackWriter::put(std::uint8_t marker, Number value) {
  std::uint8_t bytes[1 + sizeof(Number)] = {marker};
  // Big-endian, filled from the end.
  for (std::size_t i = sizeof(Number); i > 0; --i) {
    bytes[i] = static_cast<std::uint8_t>(value & 0xff);
    value = static_cast<Number>(static_cast<std::uint64_t>(value) >> 8);
  }
  append(bytes);
}

void MsgpackWriter::unsigned_integer(std::uint64_t value) {
  // Shortest form each time, as first-party writes it (lattice.md 2.1).
  if (value < 0x80) {
    out_.push_back(static_cast<std::uint8_t>(value));
  } else if (fits<std::uint8_t>(value)) {
    put(0xcc, static_cast<std::uint8_t>(value));
  } else if (fits<std::uint16_t>(value)) {
    put(0xcd, static_cast<std::uint16_t>(value));
  } else if (fits<std::uint32_t>(value)) {
    put(0xce, static_cast<std::uint32_t>(value));
  } else {
    put(0xcf, value);
  }
}

void MsgpackWriter::signed_integer(std::int64_t value) {
  // Values that are not negative have the unsigned forms, whatever their type (lattice.md 2.1).
  if (value >= 0) {
    unsigned_integer(static_cast<std::uint64_t>(value));
  } else if (value >= -32) {
    out_.push_back(static_cast<std::uint8_t>(value));
  } else if (value >= std::numeric_limits<std::int8_t>::min()) {
    put(0xd0, static_cast<std::uint8_t>(value));
  } else if (value >= std::numeric_limits<std::int16_t>::min()) {
    put(0xd1, static_cast<std::uint16_t>(value));
  } else if (value >= std::numeric_limits<std::int32_t>::min()) {
    put(0xd2, static_cast<std::uint32_t>(value));
  } else {
    put(0xd3, static_cast<std::uint64_t>(value));
  }
}

void MsgpackWriter::float64(double value) {
  put(0xcb, std::bit_cast<std::uint64_t>(value));
}

void MsgpackWriter::string(std::string_view text) {
  // Shortest form each time, as the profile has it (lattice.md 2.1).
  if (text.size() < 32) {
    out_.push_back(static_cast<std::uint8_t>(0xa0 | text.size()));
  } else if (fits<std::uint8_t>(text.size())) {
    put(0xd9, static_cast<std::uint8_t>(text.size()));
  } else if (fits<std::uint16_t>(text.size())) {
    put(0xda, static_cast<std::uint16_t>(text.size()));
  } else {
    put(0xdb, static_cast<std::uint32_t>(text.size()));
  }
  append(as_bytes(text));
}

void MsgpackWriter::binary(ByteView bytes) {
  binary_head(bytes.size());
  append(bytes);
}

void MsgpackWriter::binary_head(std::size_t size) {
  if (fits<std::uint8_t>(size)) {
    put(0xc4, static_cast<std::uint8_t>(size));
  } else if (fits<std::uint16_t>(size)) {
    put(0xc5, static_cast<std::uint16_t>(size));
  } else {
    put(0xc6, static_cast<std::uint32_t>(size));
  }
}

void MsgpackWriter::byte_array(ByteView bytes) {
  array(bytes.size());
  const std::size_t start = out_.size();
  // Room for the longest form, cut afterwards: one pass without growing.
  out_.resize(start + 2 * bytes.size());
  std::uint8_t* to = out_.data() + start;
  // Without branches: the prefix is always written, and kept only for bytes from 128 up.
  for (const std::uint8_t byte : bytes) {
    *to = 0xcc;
    to += byte >> 7;
    *to++ = byte;
  }
  out_.resize(static_cast<std::size_t>(to - out_.data()));
}

void MsgpackWriter::array(std::size_t count) {
  if (count < 16) {
    out_.push_back(static_cast<std::uint8_t>(0x90 | count));
  } else if (fits<std::uint16_t>(count)) {
    put(0xdc, static_cast<std::uint16_t>(count));
  } else {
    put(0xdd, static_cast<std::uint32_t>(count));
  }
}

void MsgpackWriter::map(std::size_t count) {
  if (count < 16) {
    out_.push_back(static_cast<std::uint8_t>(0x80 | count));
  } else if (fits<std::uint16_t>(count)) {
    put(0xde, static_cast<std::uint16_t>(count));
  } else {
    put(0xdf, static_cast<std::uint32_t>(count));
  }
}

}  // namespace trellis::codec
