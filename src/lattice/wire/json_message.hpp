// Control messages and events as JSON, driven by the descriptions of codec/fields.hpp.
//
// Written compact, members in the order of the description, an absent optional as null unless its
// field says skip_when_absent(). Read as first-party software reads (lattice.md 5, probes.json):
// unknown members are ignored, an object may come as an array in field order, a repeated member,
// text after the value and a wrong type are errors. All functions may be called from any thread.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "codec/fields.hpp"
#include "codec/message_traits.hpp"
#include "json/json_string.hpp"
#include "json/json_value.hpp"
#include "trellis/result.hpp"

namespace trellis::lattice {

namespace detail {

using Kind = JsonValue::Kind;

/// The first problem of one reading; each member function answers false.
class JsonProblem {
 public:
  bool fail(std::string why);
  /// "invalid type: integer `1`, expected a string"
  bool wrong_type(const JsonValue& found, std::string_view expected);
  bool missing(std::string_view field);
  bool unknown_variant(std::string_view name, const std::string_view* known, std::size_t count);
  [[nodiscard]] Error error() const;

 private:
  std::string why_;
};

[[nodiscard]] Result<JsonValue> parse_bounded_json(std::string_view text);

template <class T>
[[nodiscard]] bool read_json_value(const JsonValue& in, T& out, JsonProblem& problem);

/// The member of a description at `index`, read from `in`.
template <codec::detail::DescribedStruct T>
[[nodiscard]] bool read_json_field(const JsonValue& in, T& out, std::size_t index,
                                   JsonProblem& problem) {
  static constexpr auto description = T::describe();
  bool read = true;
  std::size_t position = 0;
  const auto each = [&](const auto& field) {
    if (position++ == index) read = read_json_value(in, out.*field.member, problem);
  };
  std::apply([&](const auto&... field) { (each(field), ...); }, description.fields);
  return read;
}

template <codec::detail::DescribedStruct T>
[[nodiscard]] bool check_json_present(std::uint64_t seen, bool positional, JsonProblem& problem) {
  static constexpr auto description = T::describe();
  std::size_t position = 0;
  const auto fine = [&](const auto& field) {
    using Value = std::remove_cvref_t<decltype(std::declval<T>().*field.member)>;
    const bool given = (seen >> position++ & 1) != 0;
    return given || field.defaulted || (!positional && codec::detail::is_optional<Value>) ||
           problem.missing(field.name);
  };
  return std::apply([&](const auto&... field) { return (fine(field) && ...); }, description.fields);
}

template <codec::detail::DescribedStruct T>
[[nodiscard]] bool read_json_struct(const JsonValue& in, T& out, JsonProblem& problem) {
  static constexpr auto description = T::describe();
  static constexpr auto names = description.names();
  static_assert(names.size() < 64, "the set of members seen is 64 bits");
  std::uint64_t seen = 0;
  if (in.is(Kind::array)) {
    if (in.items.size() > names.size()) return problem.fail("trailing characters");
    for (std::size_t i = 0; i < in.items.size(); ++i) {
      if (!read_json_field(in.items[i], out, i, problem)) return false;
    }
    seen = (std::uint64_t{1} << in.items.size()) - 1;
    return check_json_present<T>(seen, true, problem);
  }
  if (!in.is(Kind::object)) {
    return problem.wrong_type(in, "struct " + std::string(description.name));
  }
  for (const auto& [name, value] : in.members) {
    std::size_t index = 0;
    while (index < names.size() && names[index] != name) ++index;
    if (index == names.size()) continue;
    const auto bit = std::uint64_t{1} << index;
    if ((seen & bit) != 0) return problem.fail("duplicate field `" + name + "`");
    seen |= bit;
    if (!read_json_field(value, out, index, problem)) return false;
  }
  return check_json_present<T>(seen, false, problem);
}

template <std::size_t I = 0, class Variant>
[[nodiscard]] bool read_json_variant(const JsonValue* content, Variant& out, std::size_t index,
                                     JsonProblem& problem) {
  if constexpr (I == std::variant_size_v<Variant>) {
    return problem.fail("variant without content");
  } else if (index != I) {
    return read_json_variant<I + 1>(content, out, index, problem);
  } else if constexpr (std::is_empty_v<std::variant_alternative_t<I, Variant>>) {
    out.template emplace<I>();
    return content == nullptr || content->is(Kind::null) ||
           problem.wrong_type(*content, "unit variant");
  } else {
    if (content == nullptr) return problem.fail("invalid type: unit variant, expected content");
    return read_json_value(*content, out.template emplace<I>(), problem);
  }
}

/// A variant without content is its bare name; others are an object with the name as only member.
template <codec::detail::DescribedEnum T>
[[nodiscard]] bool read_json_enum(const JsonValue& in, T& out, JsonProblem& problem) {
  static constexpr auto description = T::describe_variants();
  const JsonValue* content = nullptr;
  std::string_view name = in.text;
  if (in.is(Kind::object) && in.members.size() == 1) {
    name = in.members.front().name;
    content = &in.members.front().value;
  } else if (!in.is(Kind::string)) {
    return problem.wrong_type(in, "enum " + std::string(description.name));
  }
  for (std::size_t i = 0; i < description.size; ++i) {
    if (description.variants[i] == name) return read_json_variant(content, out.value, i, problem);
  }
  return problem.unknown_variant(name, description.variants.data(), description.size);
}

template <class Map>
[[nodiscard]] bool read_json_map(const JsonValue& in, Map& out, JsonProblem& problem) {
  if (!in.is(Kind::object)) return problem.wrong_type(in, "a map");
  for (const auto& [name, value] : in.members) {
    const auto [entry, fresh] = out.try_emplace(name);
    if (!fresh) return problem.fail("duplicate key in a map");
    if (!read_json_value(value, entry->second, problem)) return false;
  }
  return true;
}

template <class T>
[[nodiscard]] bool read_json_list(const JsonValue& in, std::vector<T>& out, JsonProblem& problem) {
  if (!in.is(Kind::array)) return problem.wrong_type(in, "a sequence");
  out.reserve(in.items.size());
  for (const auto& item : in.items) {
    if (!read_json_value(item, out.emplace_back(), problem)) return false;
  }
  return true;
}

template <codec::detail::Integer T>
[[nodiscard]] bool read_json_integer(const JsonValue& in, T& out, JsonProblem& problem) {
  const auto* end = in.text.data() + in.text.size();
  if (in.is(Kind::number)) {
    const auto [stop, error] = std::from_chars(in.text.data(), end, out);
    if (error == std::errc() && stop == end) return true;
  }
  return problem.wrong_type(in, std::signed_integral<T> ? "a whole number" : "a count");
}

template <class T>
bool read_json_value(const JsonValue& in, T& out, JsonProblem& problem) {
  using namespace codec::detail;
  if constexpr (std::same_as<T, bool>) {
    out = in.boolean;
    return in.is(Kind::boolean) || problem.wrong_type(in, "a boolean");
  } else if constexpr (Integer<T>) {
    return read_json_integer(in, out, problem);
  } else if constexpr (std::same_as<T, std::string>) {
    out = in.text;
    return in.is(Kind::string) || problem.wrong_type(in, "a string");
  } else if constexpr (is_optional<T>) {
    return in.is(Kind::null) || read_json_value(in, out.emplace(), problem);
  } else if constexpr (is_vector<T>) {
    return read_json_list(in, out, problem);
  } else if constexpr (is_string_map<T>) {
    return read_json_map(in, out, problem);
  } else if constexpr (DescribedStruct<T>) {
    return read_json_struct(in, out, problem);
  } else if constexpr (DescribedEnum<T>) {
    return read_json_enum(in, out, problem);
  } else {
    static_assert(unknown_type<T>, "this kind of field has no JSON form yet");
  }
}

template <class T>
void write_json_value(std::string& out, const T& value);

template <codec::detail::DescribedStruct T>
void write_json_struct(std::string& out, const T& value) {
  static constexpr auto description = T::describe();
  char before = '{';
  const auto write = [&](const auto& field) {
    const auto& member = value.*field.member;
    if constexpr (codec::detail::is_optional<std::remove_cvref_t<decltype(member)>>) {
      if (field.skipped_when_absent && !member) return;
    }
    out += before;
    before = ',';
    append_json_string(out, field.name);
    out += ':';
    write_json_value(out, member);
  };
  std::apply([&](const auto&... field) { (write(field), ...); }, description.fields);
  if (before == '{') out += '{';
  out += '}';
}

template <codec::detail::DescribedEnum T>
void write_json_enum(std::string& out, const T& value) {
  static constexpr auto description = T::describe_variants();
  const auto name = description.variants[value.value.index()];
  std::visit(
      [&](const auto& content) {
        if constexpr (std::is_empty_v<std::remove_cvref_t<decltype(content)>>) {
          append_json_string(out, name);
        } else {
          out += '{';
          append_json_string(out, name);
          out += ':';
          write_json_value(out, content);
          out += '}';
        }
      },
      value.value);
}

template <class T>
void write_json_value(std::string& out, const T& value) {
  using namespace codec::detail;
  if constexpr (std::same_as<T, bool>) {
    out += value ? "true" : "false";
  } else if constexpr (Integer<T>) {
    out += std::to_string(value);
  } else if constexpr (std::same_as<T, std::string>) {
    append_json_string(out, value);
  } else if constexpr (is_optional<T>) {
    if (value) {
      write_json_value(out, *value);
    } else {
      out += "null";
    }
  } else if constexpr (is_vector<T>) {
    char before = '[';
    for (const auto& item : value) {
      out += std::exchange(before, ',');
      write_json_value(out, item);
    }
    out += value.empty() ? "[]" : "]";
  } else if constexpr (is_string_map<T>) {
    char before = '{';
    for (const auto& [key, item] : value) {
      out += std::exchange(before, ',');
      append_json_string(out, key);
      out += ':';
      write_json_value(out, item);
    }
    out += value.empty() ? "{}" : "}";
  } else if constexpr (DescribedStruct<T>) {
    write_json_struct(out, value);
  } else if constexpr (DescribedEnum<T>) {
    write_json_enum(out, value);
  } else {
    static_assert(unknown_type<T>, "this kind of field has no JSON form yet");
  }
}

}  // namespace detail

/// `value` as one JSON text. Strings must be UTF-8.
template <class T>
[[nodiscard]] std::string write_json(const T& value) {
  std::string out;
  detail::write_json_value(out, value);
  return out;
}

/// Reads a message. Errors: malformed, with the words of the first-party decoder ("JSON
/// deserialization failure: missing field `host_id`"); limit for texts beyond
/// limits::lattice_json_bytes.
template <class T>
[[nodiscard]] Result<T> read_json(std::string_view text) {
  auto tree = detail::parse_bounded_json(text);
  if (!tree) return pass(tree);
  T value{};
  detail::JsonProblem problem;
  if (!detail::read_json_value(*tree, value, problem)) {
    return std::unexpected(problem.error());
  }
  return value;
}

}  // namespace trellis::lattice
