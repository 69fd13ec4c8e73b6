// wasmcloud:keyvalue, all fourteen operations (contracts.md 3.3). `link` is the link name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "trellis/guest/message.hpp"

namespace trellis::guest::kv {

inline constexpr std::string_view contract = "wasmcloud:keyvalue";

namespace detail {

struct Key {
  std::string key;
  static constexpr auto fields() { return std::make_tuple(field("key", &Key::key)); }
};
struct Keys {
  std::vector<std::string> keys;
  static constexpr auto fields() { return std::make_tuple(field("keys", &Keys::keys)); }
};
struct KeyNumber {
  std::string key;
  std::int32_t value = 0;
  static constexpr auto fields() {
    return std::make_tuple(field("key", &KeyNumber::key), field("value", &KeyNumber::value));
  }
};
struct KeyText {
  std::string key;
  std::string value;
  static constexpr auto fields() {
    return std::make_tuple(field("key", &KeyText::key), field("value", &KeyText::value));
  }
};
struct SetArgs {
  std::string key;
  std::string value;
  std::int32_t expires = 0;
  static constexpr auto fields() {
    return std::make_tuple(field("key", &SetArgs::key), field("value", &SetArgs::value),
                           field("expires", &SetArgs::expires));
  }
};
struct RangeArgs {
  std::string key;
  std::int32_t start = 0;
  std::int32_t stop = 0;
  static constexpr auto fields() {
    return std::make_tuple(field("key", &RangeArgs::key), field("start", &RangeArgs::start),
                           field("stop", &RangeArgs::stop));
  }
};
struct Number {
  std::int32_t value = 0;
  static constexpr auto fields() { return std::make_tuple(field("value", &Number::value)); }
};
struct Text {
  std::string value;
  static constexpr auto fields() { return std::make_tuple(field("value", &Text::value)); }
};
struct ListCount {
  std::int32_t count = 0;
  static constexpr auto fields() { return std::make_tuple(field("newCount", &ListCount::count)); }
};
struct SetCount {
  std::int32_t count = 0;
  static constexpr auto fields() { return std::make_tuple(field("new_count", &SetCount::count)); }
};
struct Values {
  std::vector<std::string> values;
  static constexpr auto fields() { return std::make_tuple(field("values", &Values::values)); }
};

template <class Answer, class Args>
Result<Answer> ask(std::string_view operation, const Args& args, std::string_view link) {
  return request<Answer>(contract, operation, args, link);
}

/// One member of an answer, or its error.
template <class Answer, class Type>
Result<Type> only(Result<Answer> answer, Type Answer::*member) {
  if (!answer) return answer.error();
  return (*answer).*member;
}

}  // namespace detail

struct Value {
  std::string value;
  bool exists = false;
  static constexpr auto fields() {
    return std::make_tuple(field("value", &Value::value), field("exists", &Value::exists));
  }
};

inline constexpr std::string_view default_link = "default";

inline Result<Value> get(std::string key, std::string_view link = default_link) {
  return detail::ask<Value>("Get", detail::Key{std::move(key)}, link);
}
inline Result<bool> exists(std::string key, std::string_view link = default_link) {
  return detail::only(detail::ask<Value>("KeyExists", detail::Key{std::move(key)}, link),
                      &Value::exists);
}
/// `expires` in seconds; 0 = never. Answers the value that was set.
inline Result<std::string> set(std::string key, std::string value, std::int32_t expires = 0,
                               std::string_view link = default_link) {
  const detail::SetArgs args{std::move(key), std::move(value), expires};
  return detail::only(detail::ask<detail::Text>("Set", args, link), &detail::Text::value);
}
/// Adds to a number; answers the new value.
inline Result<std::int32_t> add(std::string key, std::int32_t value,
                                std::string_view link = default_link) {
  return detail::only(
      detail::ask<detail::Number>("Add", detail::KeyNumber{std::move(key), value}, link),
      &detail::Number::value);
}
inline Result<std::string> del(std::string key, std::string_view link = default_link) {
  return detail::only(detail::ask<detail::Key>("Del", detail::Key{std::move(key)}, link),
                      &detail::Key::key);
}
/// Removes a list.
inline Result<std::string> clear(std::string key, std::string_view link = default_link) {
  return detail::only(detail::ask<detail::Key>("Clear", detail::Key{std::move(key)}, link),
                      &detail::Key::key);
}
/// Items of a list, both ends included, negative positions count from the end.
inline Result<std::vector<std::string>> range(std::string key, std::int32_t start,
                                              std::int32_t stop,
                                              std::string_view link = default_link) {
  const detail::RangeArgs args{std::move(key), start, stop};
  return detail::only(detail::ask<detail::Values>("Range", args, link), &detail::Values::values);
}
/// Puts an item at the front of a list; answers its new length.
inline Result<std::int32_t> push(std::string key, std::string value,
                                 std::string_view link = default_link) {
  const detail::KeyText args{std::move(key), std::move(value)};
  return detail::only(detail::ask<detail::ListCount>("Push", args, link), &detail::ListCount::count);
}
/// Removes all equal items of a list; answers how many.
inline Result<std::int32_t> list_del(std::string key, std::string value,
                                     std::string_view link = default_link) {
  const detail::KeyText args{std::move(key), std::move(value)};
  return detail::only(detail::ask<detail::ListCount>("ListItemDelete", args, link),
                      &detail::ListCount::count);
}
inline Result<std::int32_t> set_add(std::string key, std::string value,
                                    std::string_view link = default_link) {
  const detail::KeyText args{std::move(key), std::move(value)};
  return detail::only(detail::ask<detail::SetCount>("SetAdd", args, link), &detail::SetCount::count);
}
inline Result<std::int32_t> set_remove(std::string key, std::string value,
                                       std::string_view link = default_link) {
  const detail::KeyText args{std::move(key), std::move(value)};
  return detail::only(detail::ask<detail::SetCount>("SetRemove", args, link),
                      &detail::SetCount::count);
}
inline Result<std::vector<std::string>> set_union(std::vector<std::string> keys,
                                                  std::string_view link = default_link) {
  return detail::only(
      detail::ask<detail::Values>("SetUnion", detail::Keys{std::move(keys)}, link),
      &detail::Values::values);
}
inline Result<std::vector<std::string>> set_intersection(std::vector<std::string> keys,
                                                         std::string_view link = default_link) {
  return detail::only(
      detail::ask<detail::Values>("SetIntersection", detail::Keys{std::move(keys)}, link),
      &detail::Values::values);
}
inline Result<std::vector<std::string>> set_members(std::string key,
                                                    std::string_view link = default_link) {
  return detail::only(detail::ask<detail::Values>("SetQuery", detail::Key{std::move(key)}, link),
                      &detail::Values::values);
}

}  // namespace trellis::guest::kv
