// The writing half of codec/message.hpp.
#pragma once

#include <cstddef>
#include <string_view>
#include <tuple>
#include <variant>

#include "codec/fields.hpp"
#include "codec/message_traits.hpp"
#include "codec/msgpack_writer.hpp"

namespace trellis::codec::detail {

template <class T>
void write_value(MsgpackWriter& out, const T& value, BytesForm form);

/// Whether this field of `value` goes onto the wire.
template <class F, class T>
[[nodiscard]] bool is_written(const F& field, const T& value) {
  if constexpr (is_optional<std::remove_cvref_t<decltype(value.*field.member)>>) {
    return !field.skipped_when_absent || (value.*field.member).has_value();
  } else {
    return true;
  }
}

template <DescribedStruct T>
void write_struct(MsgpackWriter& out, const T& value) {
  static constexpr auto description = T::describe();
  std::apply(
      [&](const auto&... field) {
        out.map((std::size_t{is_written(field, value)} + ... + 0));
        const auto write = [&](const auto& each) {
          if (!is_written(each, value)) return;
          out.string(each.name);
          write_value(out, value.*each.member, each.form);
        };
        (write(field), ...);
      },
      description.fields);
}

template <DescribedEnum T>
void write_enum(MsgpackWriter& out, const T& value) {
  out.map(1);
  out.unsigned_integer(value.value.index());
  std::visit([&](const auto& content) { write_value(out, content, BytesForm::binary); },
             value.value);
}

template <class T>
void write_value(MsgpackWriter& out, const T& value, BytesForm form) {
  if constexpr (std::same_as<T, bool>) {
    out.boolean(value);
  } else if constexpr (std::signed_integral<T>) {
    out.signed_integer(value);
  } else if constexpr (std::unsigned_integral<T>) {
    out.unsigned_integer(value);
  } else if constexpr (std::same_as<T, double>) {
    out.float64(value);
  } else if constexpr (std::same_as<T, std::string> || std::same_as<T, std::string_view>) {
    out.string(value);
  } else if constexpr (std::same_as<T, Bytes> || std::same_as<T, ByteView>) {
    form == BytesForm::integers ? out.byte_array(value) : out.binary(value);
  } else if constexpr (is_optional<T>) {
    value ? write_value(out, *value, form) : out.nil();
  } else if constexpr (is_vector<T>) {
    out.array(value.size());
    for (const auto& element : value) write_value(out, element, form);
  } else if constexpr (is_tuple<T>) {
    out.array(std::tuple_size_v<T>);
    std::apply([&](const auto&... each) { (write_value(out, each, form), ...); }, value);
  } else if constexpr (is_string_map<T>) {
    out.map(value.size());
    for (const auto& [key, element] : value) {
      out.string(key);
      write_value(out, element, form);
    }
  } else if constexpr (DescribedStruct<T>) {
    write_struct(out, value);
  } else if constexpr (DescribedEnum<T>) {
    write_enum(out, value);
  } else {
    static_assert(unknown_type<T>, "codec/fields.hpp lists what a field may be");
  }
}

}  // namespace trellis::codec::detail
