// Structs to MessagePack and back: each message lists its fields once (contracts.md 2.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "trellis/guest/abi.hpp"
#include "trellis/guest/msgpack.hpp"
#include "trellis/guest/msgpack_reader.hpp"

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
  Type Struct::* member;
};

template <class Struct, class Type>
constexpr Field<Struct, Type> field(std::string_view name, Type Struct::* member) {
  return {name, member};
}

namespace detail {

inline void write(Writer& out, const std::string& value) {
  out.string(value);
}
inline void write(Writer& out, const Blob& value) {
  out.binary(value.data);
}
inline void write(Writer& out, bool value) {
  out.boolean(value);
}
inline void write(Writer& out, std::int32_t value) {
  out.integer(value);
}
inline void write(Writer& out, std::int64_t value) {
  out.integer(value);
}
inline void write(Writer& out, std::uint32_t value) {
  out.unsigned_integer(value);
}
inline void write(Writer& out, std::uint64_t value) {
  out.unsigned_integer(value);
}
inline void write(Writer& out, const StringMap& value) {
  out.string_map(value);
}
inline void write(Writer& out, const std::vector<std::string>& values) {
  out.array(values.size());
  for (const auto& value : values) out.string(value);
}

/// Messages inside messages, and lists of them.
template <class Struct, class = decltype(Struct::fields())>
void write(Writer& out, const Struct& message);
template <class Struct, class = decltype(Struct::fields())>
void write(Writer& out, const std::vector<Struct>& messages);

template <class T>
void write(Writer& out, const std::optional<T>& value) {
  if (value) return write(out, *value);
  out.nil();
}

inline void read(Reader& in, std::string& value) {
  value = std::string(in.string());
}
inline void read(Reader& in, Blob& value) {
  value.data = in.binary();
}
inline void read(Reader& in, bool& value) {
  value = in.boolean();
}
inline void read(Reader& in, std::int32_t& value) {
  value = in.integer<std::int32_t>();
}
inline void read(Reader& in, std::int64_t& value) {
  value = in.integer<std::int64_t>();
}
inline void read(Reader& in, std::uint32_t& value) {
  value = in.integer<std::uint32_t>();
}
inline void read(Reader& in, std::uint64_t& value) {
  value = in.integer<std::uint64_t>();
}
inline void read(Reader& in, StringMap& value) {
  value = in.string_map();
}
inline void read(Reader& in, std::vector<std::string>& value) {
  value = in.strings();
}
template <class Struct, class = decltype(Struct::fields())>
void read(Reader& in, Struct& message);
template <class Struct, class = decltype(Struct::fields())>
void read(Reader& in, std::vector<Struct>& messages);

template <class T>
void read(Reader& in, std::optional<T>& value) {
  value.reset();
  if (!in.nil()) read(in, value.emplace());
}

/// Fields that keep their default when they are missing.
template <class T>
constexpr bool may_be_missing = std::is_same_v<T, StringMap>;
template <class T>
constexpr bool may_be_missing<std::optional<T>> = true;

template <class Struct>
constexpr std::size_t field_count = std::tuple_size_v<decltype(Struct::fields())>;

}  // namespace detail

namespace detail {

template <class Struct, class>
void write(Writer& out, const Struct& message) {
  out.map(field_count<Struct>);
  std::apply(
      [&](const auto&... fields) {
        ((out.string(fields.name), write(out, message.*(fields.member))), ...);
      },
      Struct::fields());
}

template <class Struct, class>
void write(Writer& out, const std::vector<Struct>& messages) {
  out.array(messages.size());
  for (const auto& message : messages) write(out, message);
}

}  // namespace detail

/// The message as a map of field names, in order of declaration.
template <class Struct>
Bytes encode(const Struct& message) {
  Writer out;
  detail::write(out, message);
  return out.take();
}

namespace detail {

/// Reads the value of the field of that name, or at that place of an array; passes over others.
template <class Struct, std::size_t... index>
void read_field(Reader& in, Struct& message, bool (&seen)[sizeof...(index)], bool positional,
                std::size_t position, std::index_sequence<index...>) {
  const auto name = positional ? std::string_view() : in.string();
  const auto take = [&](const auto& field, bool& seen_before, std::size_t place) {
    if (positional ? place != position : field.name != name) return false;
    if (seen_before) in.fail("duplicate field `" + std::string(field.name) + "`");
    seen_before = true;
    read(in, message.*(field.member));
    return true;
  };
  constexpr auto fields = Struct::fields();
  if (!(take(std::get<index>(fields), seen[index], index) || ...)) in.skip();
}

template <class Struct, std::size_t... index>
void check_missing(Reader& in, const bool (&seen)[sizeof...(index)],
                   std::index_sequence<index...>) {
  const auto check = [&](bool was_seen, std::string_view name, bool may_be_missing) {
    if (!was_seen && !may_be_missing) in.fail("missing field `" + std::string(name) + "`");
  };
  constexpr auto fields = Struct::fields();
  (check(seen[index], std::get<index>(fields).name,
         may_be_missing<
             std::decay_t<decltype(std::declval<Struct>().*(std::get<index>(fields).member))>>),
   ...);
}

template <class Struct, class>
void read(Reader& in, Struct& message) {
  constexpr auto indices = std::make_index_sequence<field_count<Struct>>();
  bool seen[field_count<Struct>] = {};
  const bool positional = in.is_array();
  const auto count = positional ? in.array() : in.map();
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    read_field(in, message, seen, positional, i, indices);
  }
  if (in.ok()) check_missing<Struct>(in, seen, indices);
}

template <class Struct, class>
void read(Reader& in, std::vector<Struct>& messages) {
  const auto count = in.array();
  messages.clear();
  for (std::size_t i = 0; i < count && in.ok(); ++i) read(in, messages.emplace_back());
}

}  // namespace detail

/// Reads a map of field names in any order (unknown ones are passed over; a repeated one is an
/// error, and so is a missing one unless it is a map or optional) or an array in order of
/// declaration. Bytes behind the message are not looked at.
template <class Struct>
Result<Struct> decode(std::string_view bytes) {
  Reader in(bytes);
  Struct message{};
  detail::read(in, message);
  if (!in.ok()) return Error{"Failed to de-serialize: " + in.problem()};
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
