// Kinds of values that members may be; shared by message_reader.hpp and message_writer.hpp.
#pragma once

#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "trellis/bytes.hpp"

namespace trellis::codec::detail {

template <class T>
concept DescribedStruct = requires { T::describe(); };
template <class T>
concept DescribedEnum = requires(T value) {
  T::describe_variants();
  value.value.index();
};
template <class T>
concept Integer = std::integral<T> && !std::same_as<T, bool>;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

template <class T>
inline constexpr bool is_tuple = false;
template <class... T>
inline constexpr bool is_tuple<std::tuple<T...>> = true;

template <class T>
inline constexpr bool is_string_map = false;
template <class T, class Less>
inline constexpr bool is_string_map<std::map<std::string, T, Less>> = true;

/// For the final branch of an if constexpr chain.
template <class>
inline constexpr bool unknown_type = false;

}  // namespace trellis::codec::detail
