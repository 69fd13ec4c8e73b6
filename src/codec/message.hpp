// Messages to MessagePack and back, driven by the descriptions of codec/fields.hpp.
//
// Writing: contracts.md 2.1 and lattice.md 2.1, exactly. Reading: with the tolerance of lattice.md
// 2.1 - structs as maps or arrays, unknown keys, any integer width, bytes as bin, str or integers.
// All functions may be called from any thread; they keep nothing.
#pragma once

#include "codec/message_reader.hpp"
#include "codec/message_writer.hpp"

namespace trellis::codec {

/// Appends `value` to `out`.
template <class T>
void encode_to(const T& value, Bytes& out) {
  MsgpackWriter writer(out);
  detail::write_value(writer, value, BytesForm::binary);
}

template <class T>
[[nodiscard]] Bytes encode(const T& value) {
  Bytes out;
  encode_to(value, out);
  return out;
}

/// Reads one value; bytes after it are ignored. Errors: malformed, or limit for what is nested too
/// deep or has too many elements; the texts are those of the first-party decoder
/// ("Failed to de-serialize: missing field `key`").
template <class T>
[[nodiscard]] Result<T> decode(ByteView input) {
  MsgpackReader reader(input);
  T value{};
  if (!detail::read_value(reader, value, BytesForm::binary)) {
    return std::unexpected(reader.error());
  }
  return value;
}

}  // namespace trellis::codec
