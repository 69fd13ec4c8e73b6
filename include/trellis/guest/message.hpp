// Structs to MessagePack and back: each message lists its fields once (contracts.md 2.1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "trellis/guest/abi.hpp"
#include "trellis/guest/msgpack.hpp"

namespace trellis::guest {

/// A field that is bytes on the wire (`bin`), not text.
struct Blob {
  std::string data;

  Blob() = default;
  Blob(std::string bytes) : data(std::move(bytes)) {}
  Blob(const char* text) : data(text) {}
};

template <class Struct, class Type>
struct Field {
  std::string_view name;
  Type Struct::*member;
};

template <class Struct, class Type>
constexpr Field<Struct, Type> field(std::string_view name, Type Struct::*member) {
  return {name, member};
}

namespace detail {

inline void write(Writer& out, const std::string& value) { out.string(value); }
inline void write(Writer& out, const Blob& value) { out.binary(value.data); }
inline void write(Writer& out, bool value) { out.boolean(value); }
inline void write(Writer& out, std::int32_t value) { out.integer(value); }
inline void write(Writer& out, std::int64_t value) { out.integer(value); }
inline void write(Writer& out, std::uint32_t value) { out.unsigned_integer(value); }
inline void write(Writer& out, const StringMap& value) { out.string_map(value); }
inline void write(Writer& out, const std::vector<std::string>& values) {
  out.array(values.size());
  for (const auto& value : values) out.string(value);
}

inline void read(Reader& in, std::string& value) {
  if (!in.nil()) value = std::string(in.string());  // an absent optional text reads as empty
}
inline void read(Reader& in, Blob& value) { value.data = in.binary(); }
inline void read(Reader& in, bool& value) { value = in.boolean(); }
inline void read(Reader& in, std::int32_t& value) { value = static_cast<std::int32_t>(in.integer()); }
inline void read(Reader& in, std::int64_t& value) { value = in.integer(); }
inline void read(Reader& in, std::uint32_t& value) { value = static_cast<std::uint32_t>(in.integer()); }
inline void read(Reader& in, StringMap& value) { value = in.string_map(); }
inline void read(Reader& in, std::vector<std::string>& value) { value = in.strings(); }

template <class Struct>
constexpr std::size_t field_count = std::tuple_size_v<decltype(Struct::fields())>;

}  // namespace detail

/// The message as a map of field names, in order of declaration.
template <class Struct>
Bytes encode(const Struct& message) {
  Writer out;
  out.map(detail::field_count<Struct>);
  std::apply(
      [&](const auto&... fields) {
        ((out.string(fields.name), detail::write(out, message.*(fields.member))), ...);
      },
      Struct::fields());
  return out.take();
}

/// Reads a map of field names in any order (unknown ones are passed over, missing ones keep their
/// default) or an array in order of declaration.
template <class Struct>
Result<Struct> decode(std::string_view bytes) {
  const auto marker = bytes.empty() ? 0xc1U : static_cast<unsigned char>(bytes.front());
  const bool is_array = (marker & 0xf0U) == 0x90U || marker == 0xdc || marker == 0xdd;
  Reader in(bytes);
  Struct message{};
  const auto count = is_array ? in.array() : in.map();
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    const auto name = is_array ? std::string_view() : in.string();
    std::size_t position = 0;
    bool known = false;
    std::apply(
        [&](const auto&... fields) {
          (((is_array ? position == i : fields.name == name)
                ? (detail::read(in, message.*(fields.member)), known = true)
                : false,
            ++position),
           ...);
        },
        Struct::fields());
    if (!known) in.skip();
  }
  if (!in.ok()) return Error{"Failed to de-serialize the message"};
  return message;
}

/// Calls a capability with a message and reads its answer.
template <class Answer, class Request>
Result<Answer> request(std::string_view ns, std::string_view operation, const Request& message,
                       std::string_view link) {
  auto answer = host_call(ns, operation, encode(message), link);
  if (!answer) return answer.error();
  return decode<Answer>(*answer);
}

}  // namespace trellis::guest
