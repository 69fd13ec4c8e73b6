// The reading half of codec/message.hpp.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>

#include "codec/fields.hpp"
#include "codec/message_traits.hpp"
#include "codec/msgpack_reader.hpp"

namespace trellis::codec::detail {

template <class T>
[[nodiscard]] bool read_value(MsgpackReader& in, T& value, BytesForm form);

/// Name of an integer type as error texts have it ("i32").
template <Integer T>
[[nodiscard]] constexpr std::string_view integer_name() {
  constexpr std::string_view names[2][4] = {{"u8", "u16", "u32", "u64"},
                                            {"i8", "i16", "i32", "i64"}};
  constexpr std::size_t row = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
  return names[std::signed_integral<T>][row];
}

template <Integer T>
[[nodiscard]] bool read_integer(MsgpackReader& in, T& value) {
  Token token;
  if (!in.next(token)) return false;
  if (token.kind == Token::Kind::unsigned_integer) {
    if (!std::in_range<T>(token.number)) return in.invalid_value(token, integer_name<T>());
    value = static_cast<T>(token.number);
    return true;
  }
  if (token.kind == Token::Kind::negative_integer) {
    if (!std::in_range<T>(token.negative())) return in.invalid_value(token, integer_name<T>());
    value = static_cast<T>(token.negative());
    return true;
  }
  return in.invalid_type(token, integer_name<T>());
}

[[nodiscard]] inline bool read_bool(MsgpackReader& in, bool& value) {
  Token token;
  if (!in.next(token)) return false;
  if (token.kind != Token::Kind::boolean) return in.invalid_type(token, "a boolean");
  value = token.number != 0;
  return true;
}

[[nodiscard]] inline bool read_double(MsgpackReader& in, double& value) {
  Token token;
  if (!in.next(token)) return false;
  switch (token.kind) {
    case Token::Kind::floating: value = token.floating; return true;
    case Token::Kind::unsigned_integer: value = static_cast<double>(token.number); return true;
    case Token::Kind::negative_integer: value = static_cast<double>(token.negative()); return true;
    default: return in.invalid_type(token, "f64");
  }
}

[[nodiscard]] inline bool read_string(MsgpackReader& in, std::string& value) {
  Token token;
  std::string_view text;
  if (!in.next(token) || !in.text(token, text)) return false;
  value.assign(text);
  return true;
}

[[nodiscard]] inline bool read_bytes(MsgpackReader& in, Bytes& value, BytesForm form) {
  Token token;
  if (!in.next(token)) return false;
  switch (token.kind) {
    case Token::Kind::binary:
    case Token::Kind::string: value.assign(token.data.begin(), token.data.end()); return true;
    case Token::Kind::array: return in.byte_array(token.count, value);
    default: return in.invalid_type(token, form == BytesForm::binary ? "byte array" : "a sequence");
  }
}

template <class T>
[[nodiscard]] bool read_vector(MsgpackReader& in, std::vector<T>& value) {
  Token token;
  if (!in.next(token)) return false;
  if (token.kind != Token::Kind::array) return in.invalid_type(token, "a sequence");
  if (!in.enter(token.count)) return false;
  value.clear();
  // The count is bounded by the input, but an element may be far larger in memory than there.
  value.reserve(std::min<std::size_t>(token.count, 64));
  for (std::uint32_t i = 0; i < token.count; ++i) {
    if (!read_value(in, value.emplace_back(), BytesForm::binary)) return false;
  }
  in.leave();
  return true;
}

template <class Map>
[[nodiscard]] bool read_string_map(MsgpackReader& in, Map& value) {
  Token token;
  if (!in.next(token)) return false;
  if (token.kind != Token::Kind::map) return in.invalid_type(token, "a map");
  if (!in.enter(token.count)) return false;
  value.clear();
  for (std::uint32_t i = 0; i < token.count; ++i) {
    std::string key;
    if (!read_string(in, key)) return false;
    const auto [entry, fresh] = value.try_emplace(std::move(key));
    if (!fresh) return in.fail("duplicate key in a map");
    if (!read_value(in, entry->second, BytesForm::binary)) return false;
  }
  in.leave();
  return true;
}

[[nodiscard]] inline bool skip_values(MsgpackReader& in, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (!in.skip()) return false;
  }
  return true;
}

/// Reads member `index` of `value`.
template <DescribedStruct T>
[[nodiscard]] bool read_field(MsgpackReader& in, T& value, std::size_t index) {
  static constexpr auto description = T::describe();
  bool read = false;
  const auto try_field = [&](const auto& field, std::size_t position) {
    if (position != index) return false;
    read = read_value(in, value.*field.member, field.form);
    return true;
  };
  std::apply(
      [&](const auto&... field) {
        std::size_t position = 0;
        (void)(try_field(field, position++) || ...);
      },
      description.fields);
  return read;
}

/// Complains about the first field that is absent and must not be.
template <DescribedStruct T>
[[nodiscard]] bool check_present(MsgpackReader& in, std::uint64_t seen) {
  static constexpr auto description = T::describe();
  const auto fine = [&](const auto& field, std::size_t position) {
    using Value = std::remove_cvref_t<decltype(std::declval<T>().*field.member)>;
    if ((seen >> position & 1) != 0 || field.defaulted || is_optional<Value>) return true;
    return in.fail(fmt::format("missing field `{}`", field.name));
  };
  return std::apply(
      [&](const auto&... field) {
        std::size_t position = 0;
        return (fine(field, position++) && ...);
      },
      description.fields);
}

template <DescribedStruct T>
[[nodiscard]] bool read_struct_map(MsgpackReader& in, T& value, std::uint32_t entries) {
  static constexpr auto names = T::describe().names();
  static_assert(names.size() <= 64, "the set of fields seen is 64 bits");
  std::uint64_t seen = 0;
  std::size_t index = 0;
  for (std::uint32_t i = 0; i < entries; ++i) {
    if (!in.field_key(names, i, index)) return false;
    if (index == names.size()) {
      if (!in.skip()) return false;
      continue;
    }
    const std::uint64_t bit = std::uint64_t{1} << index;
    if ((seen & bit) != 0) return in.fail(fmt::format("duplicate field `{}`", names[index]));
    seen |= bit;
    if (!read_field(in, value, index)) return false;
  }
  return check_present<T>(in, seen);
}

/// A positional struct may end before trailing fields that have a default.
template <DescribedStruct T>
[[nodiscard]] bool read_struct_array(MsgpackReader& in, T& value, std::uint32_t elements) {
  static constexpr auto description = T::describe();
  constexpr std::size_t size = description.size;
  const std::size_t given = std::min<std::size_t>(elements, size);
  for (std::size_t i = 0; i < given; ++i) {
    if (!read_field(in, value, i)) return false;
  }
  std::size_t position = 0;
  const bool rest_defaulted = std::apply(
      [&](const auto&... field) { return ((position++ < given || field.defaulted) && ...); },
      description.fields);
  if (!rest_defaulted) {
    return in.fail(fmt::format("invalid length {}, expected struct {} with {} element{}", elements,
                               description.name, size, size == 1 ? "" : "s"));
  }
  return skip_values(in, elements - given);
}

template <DescribedStruct T>
[[nodiscard]] bool read_struct(MsgpackReader& in, T& value) {
  static constexpr auto description = T::describe();
  Token token;
  if (!in.next(token)) return false;
  const bool map = token.kind == Token::Kind::map;
  if (!map && token.kind != Token::Kind::array) {
    return in.invalid_type(token, fmt::format("struct {}", description.name));
  }
  // The elements of a struct are members that exist already: only the depth counts.
  if (!in.enter(0)) return false;
  if (!(map ? read_struct_map(in, value, token.count)
            : read_struct_array(in, value, token.count))) {
    return false;
  }
  in.leave();
  return true;
}

template <class Tuple>
[[nodiscard]] bool read_tuple(MsgpackReader& in, Tuple& value) {
  constexpr std::size_t size = std::tuple_size_v<Tuple>;
  Token token;
  if (!in.next(token)) return false;
  if (token.kind != Token::Kind::array) return in.invalid_type(token, "a sequence");
  if (token.count < size) {
    return in.fail(fmt::format("invalid length {}, expected {} elements", token.count, size));
  }
  if (!in.enter(0)) return false;
  const bool read = std::apply(
      [&](auto&... each) { return (read_value(in, each, BytesForm::binary) && ...); }, value);
  if (!read || !skip_values(in, token.count - size)) return false;
  in.leave();
  return true;
}

template <std::size_t I = 0, class Variant>
[[nodiscard]] bool read_alternative(MsgpackReader& in, Variant& value, std::size_t index) {
  if constexpr (I < std::variant_size_v<Variant>) {
    if (index == I) return read_value(in, value.template emplace<I>(), BytesForm::binary);
    return read_alternative<I + 1>(in, value, index);
  } else {
    return in.fail("variant without content");
  }
}

template <DescribedEnum T>
[[nodiscard]] bool read_enum(MsgpackReader& in, T& value) {
  static constexpr auto description = T::describe_variants();
  static_assert(description.size == std::variant_size_v<decltype(value.value)>);
  Token token;
  if (!in.next(token)) return false;
  if (token.kind != Token::Kind::map) {
    return in.invalid_type(token, fmt::format("enum {}", description.name));
  }
  if (token.count != 1) {
    return in.fail(
        fmt::format("enum {} has {} entries, expected 1", description.name, token.count));
  }
  std::size_t index = 0;
  if (!in.enter(0) || !in.variant_key(description.variants, index)) return false;
  if (!read_alternative(in, value.value, index)) return false;
  in.leave();
  return true;
}

template <class T>
bool read_value(MsgpackReader& in, T& value, BytesForm form) {
  if constexpr (std::same_as<T, bool>) {
    return read_bool(in, value);
  } else if constexpr (Integer<T>) {
    return read_integer(in, value);
  } else if constexpr (std::same_as<T, double>) {
    return read_double(in, value);
  } else if constexpr (std::same_as<T, std::string>) {
    return read_string(in, value);
  } else if constexpr (std::same_as<T, Bytes>) {
    return read_bytes(in, value, form);
  } else if constexpr (is_optional<T>) {
    if (!in.at_nil()) return read_value(in, value.emplace(), form);
    value.reset();
    return in.skip();
  } else if constexpr (is_vector<T>) {
    return read_vector(in, value);
  } else if constexpr (is_tuple<T>) {
    return read_tuple(in, value);
  } else if constexpr (is_string_map<T>) {
    return read_string_map(in, value);
  } else if constexpr (DescribedStruct<T>) {
    return read_struct(in, value);
  } else if constexpr (DescribedEnum<T>) {
    return read_enum(in, value);
  } else {
    static_assert(unknown_type<T>, "codec/fields.hpp lists what a field may be");
  }
}

}  // namespace trellis::codec::detail
