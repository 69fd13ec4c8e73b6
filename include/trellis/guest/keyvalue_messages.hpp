// The messages of wasmcloud:keyvalue (contracts.md 3.3).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "trellis/guest/message.hpp"

namespace trellis::guest::kv {

/// Get, Del, Clear, SetQuery, KeyExists; also what Del and Clear answer.
struct KeyArgs {
  std::string key;
  static constexpr auto fields() { return std::make_tuple(field("key", &KeyArgs::key)); }
};

/// SetUnion, SetIntersection.
struct KeysArgs {
  std::vector<std::string> keys;
  static constexpr auto fields() { return std::make_tuple(field("keys", &KeysArgs::keys)); }
};

struct AddArgs {
  std::string key;
  std::int32_t value = 0;
  static constexpr auto fields() {
    return std::make_tuple(field("key", &AddArgs::key), field("value", &AddArgs::value));
  }
};

/// Push, ListItemDelete, SetAdd, SetRemove.
struct ItemArgs {
  std::string key;
  std::string value;
  static constexpr auto fields() {
    return std::make_tuple(field("key", &ItemArgs::key), field("value", &ItemArgs::value));
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

/// Get, KeyExists (which leaves the value empty).
struct Value {
  std::string value;
  bool exists = false;
  static constexpr auto fields() {
    return std::make_tuple(field("value", &Value::value), field("exists", &Value::exists));
  }
};

struct AddResponse {
  std::int32_t value = 0;
  static constexpr auto fields() { return std::make_tuple(field("value", &AddResponse::value)); }
};

struct SetResponse {
  std::string value;
  static constexpr auto fields() { return std::make_tuple(field("value", &SetResponse::value)); }
};

/// Push, ListItemDelete.
struct ListResponse {
  std::int32_t new_count = 0;
  static constexpr auto fields() {
    return std::make_tuple(field("newCount", &ListResponse::new_count));
  }
};

/// SetAdd, SetRemove: the same number under another name.
struct SetOperationResponse {
  std::int32_t new_count = 0;
  static constexpr auto fields() {
    return std::make_tuple(field("new_count", &SetOperationResponse::new_count));
  }
};

/// Range, SetUnion, SetIntersection, SetQuery.
struct ValuesResponse {
  std::vector<std::string> values;
  static constexpr auto fields() {
    return std::make_tuple(field("values", &ValuesResponse::values));
  }
};

}  // namespace trellis::guest::kv
