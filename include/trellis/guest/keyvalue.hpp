// wasmcloud:keyvalue, all fourteen operations (contracts.md 3.3). `link` is the link name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "trellis/guest/keyvalue_messages.hpp"
#include "trellis/guest/message.hpp"

namespace trellis::guest::kv {

inline constexpr std::string_view contract = "wasmcloud:keyvalue";

namespace detail {

template <class Answer, class Args>
Result<Answer> ask(std::string_view operation, const Args& args, std::string_view link) {
  return request<Answer>(contract, operation, args, link);
}

/// One member of an answer, or its error.
template <class Answer, class Type>
Result<Type> only(Result<Answer> answer, Type Answer::* member) {
  if (!answer) return answer.error();
  return (*answer).*member;
}

}  // namespace detail

inline constexpr std::string_view default_link = "default";

inline Result<Value> get(std::string key, std::string_view link = default_link) {
  return detail::ask<Value>("Get", KeyArgs{std::move(key)}, link);
}
inline Result<bool> exists(std::string key, std::string_view link = default_link) {
  return detail::only(detail::ask<Value>("KeyExists", KeyArgs{std::move(key)}, link),
                      &Value::exists);
}
/// `expires` in seconds; 0 = never. Answers the value that was set.
inline Result<std::string> set(std::string key, std::string value, std::int32_t expires = 0,
                               std::string_view link = default_link) {
  const SetArgs args{std::move(key), std::move(value), expires};
  return detail::only(detail::ask<SetResponse>("Set", args, link), &SetResponse::value);
}
/// Adds to a number; answers the new value.
inline Result<std::int32_t> add(std::string key, std::int32_t value,
                                std::string_view link = default_link) {
  return detail::only(detail::ask<AddResponse>("Add", AddArgs{std::move(key), value}, link),
                      &AddResponse::value);
}
inline Result<std::string> del(std::string key, std::string_view link = default_link) {
  return detail::only(detail::ask<KeyArgs>("Del", KeyArgs{std::move(key)}, link), &KeyArgs::key);
}
/// Removes a list.
inline Result<std::string> clear(std::string key, std::string_view link = default_link) {
  return detail::only(detail::ask<KeyArgs>("Clear", KeyArgs{std::move(key)}, link), &KeyArgs::key);
}
/// Items of a list, both ends included, negative positions count from the end.
inline Result<std::vector<std::string>> range(std::string key, std::int32_t start,
                                              std::int32_t stop,
                                              std::string_view link = default_link) {
  const RangeArgs args{std::move(key), start, stop};
  return detail::only(detail::ask<ValuesResponse>("Range", args, link), &ValuesResponse::values);
}
/// Puts an item at the front of a list; answers its new length.
inline Result<std::int32_t> push(std::string key, std::string value,
                                 std::string_view link = default_link) {
  const ItemArgs args{std::move(key), std::move(value)};
  return detail::only(detail::ask<ListResponse>("Push", args, link), &ListResponse::new_count);
}
/// Removes all equal items of a list; answers how many.
inline Result<std::int32_t> list_del(std::string key, std::string value,
                                     std::string_view link = default_link) {
  const ItemArgs args{std::move(key), std::move(value)};
  return detail::only(detail::ask<ListResponse>("ListItemDelete", args, link),
                      &ListResponse::new_count);
}
inline Result<std::int32_t> set_add(std::string key, std::string value,
                                    std::string_view link = default_link) {
  const ItemArgs args{std::move(key), std::move(value)};
  return detail::only(detail::ask<SetOperationResponse>("SetAdd", args, link),
                      &SetOperationResponse::new_count);
}
inline Result<std::int32_t> set_remove(std::string key, std::string value,
                                       std::string_view link = default_link) {
  const ItemArgs args{std::move(key), std::move(value)};
  return detail::only(detail::ask<SetOperationResponse>("SetRemove", args, link),
                      &SetOperationResponse::new_count);
}
inline Result<std::vector<std::string>> set_union(std::vector<std::string> keys,
                                                  std::string_view link = default_link) {
  return detail::only(detail::ask<ValuesResponse>("SetUnion", KeysArgs{std::move(keys)}, link),
                      &ValuesResponse::values);
}
inline Result<std::vector<std::string>> set_intersection(std::vector<std::string> keys,
                                                         std::string_view link = default_link) {
  return detail::only(
      detail::ask<ValuesResponse>("SetIntersection", KeysArgs{std::move(keys)}, link),
      &ValuesResponse::values);
}
inline Result<std::vector<std::string>> set_members(std::string key,
                                                    std::string_view link = default_link) {
  return detail::only(detail::ask<ValuesResponse>("SetQuery", KeyArgs{std::move(key)}, link),
                      &ValuesResponse::values);
}

}  // namespace trellis::guest::kv
