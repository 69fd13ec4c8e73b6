// wasmcloud:keyvalue, contracts.md 3.3.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/message.hpp"

namespace trellis::codec::keyvalue {

inline constexpr std::string_view contract_id = "wasmcloud:keyvalue";

namespace operation {
inline constexpr std::string_view get = "Get";
inline constexpr std::string_view add = "Add";
inline constexpr std::string_view set = "Set";
inline constexpr std::string_view del = "Del";
inline constexpr std::string_view clear = "Clear";
inline constexpr std::string_view range = "Range";
inline constexpr std::string_view push = "Push";
inline constexpr std::string_view list_item_delete = "ListItemDelete";
inline constexpr std::string_view set_add = "SetAdd";
inline constexpr std::string_view set_remove = "SetRemove";
inline constexpr std::string_view set_union = "SetUnion";
inline constexpr std::string_view set_intersection = "SetIntersection";
inline constexpr std::string_view set_query = "SetQuery";
inline constexpr std::string_view key_exists = "KeyExists";
}  // namespace operation

struct GetArgs {
  std::string key;

  static constexpr auto describe() {
    return describe_struct("GetArgs", field("key", &GetArgs::key));
  }
};

struct AddArgs {
  std::string key;
  std::int32_t value = 0;

  static constexpr auto describe() {
    return describe_struct("AddArgs", field("key", &AddArgs::key), field("value", &AddArgs::value));
  }
};

struct SetArgs {
  std::string key;
  std::string value;
  std::int32_t expires = 0;  ///< seconds; never when not positive

  static constexpr auto describe() {
    return describe_struct("SetArgs", field("key", &SetArgs::key), field("value", &SetArgs::value),
                           field("expires", &SetArgs::expires).or_default());
  }
};

struct DelArgs {
  std::string key;

  static constexpr auto describe() {
    return describe_struct("DelArgs", field("key", &DelArgs::key));
  }
};

struct ClearArgs {
  std::string key;

  static constexpr auto describe() {
    return describe_struct("ClearArgs", field("key", &ClearArgs::key));
  }
};

struct RangeArgs {
  std::string key;
  std::int32_t start = 0;
  std::int32_t stop = 0;  ///< inclusive; negative counts from the end

  static constexpr auto describe() {
    return describe_struct("RangeArgs", field("key", &RangeArgs::key),
                           field("start", &RangeArgs::start), field("stop", &RangeArgs::stop));
  }
};

struct PushArgs {
  std::string key;
  std::string value;

  static constexpr auto describe() {
    return describe_struct("PushArgs", field("key", &PushArgs::key),
                           field("value", &PushArgs::value));
  }
};

struct ListItemDeleteArgs {
  std::string key;
  std::string value;

  static constexpr auto describe() {
    return describe_struct("ListItemDeleteArgs", field("key", &ListItemDeleteArgs::key),
                           field("value", &ListItemDeleteArgs::value));
  }
};

struct SetAddArgs {
  std::string key;
  std::string value;

  static constexpr auto describe() {
    return describe_struct("SetAddArgs", field("key", &SetAddArgs::key),
                           field("value", &SetAddArgs::value));
  }
};

struct SetRemoveArgs {
  std::string key;
  std::string value;

  static constexpr auto describe() {
    return describe_struct("SetRemoveArgs", field("key", &SetRemoveArgs::key),
                           field("value", &SetRemoveArgs::value));
  }
};

struct SetUnionArgs {
  std::vector<std::string> keys;

  static constexpr auto describe() {
    return describe_struct("SetUnionArgs", field("keys", &SetUnionArgs::keys));
  }
};

struct SetIntersectionArgs {
  std::vector<std::string> keys;

  static constexpr auto describe() {
    return describe_struct("SetIntersectionArgs", field("keys", &SetIntersectionArgs::keys));
  }
};

struct SetQueryArgs {
  std::string key;

  static constexpr auto describe() {
    return describe_struct("SetQueryArgs", field("key", &SetQueryArgs::key));
  }
};

struct KeyExistsArgs {
  std::string key;

  static constexpr auto describe() {
    return describe_struct("KeyExistsArgs", field("key", &KeyExistsArgs::key));
  }
};

/// Also the answer to KeyExists, with an empty value.
struct GetResponse {
  std::string value;
  bool exists = false;

  static constexpr auto describe() {
    return describe_struct("GetResponse", field("value", &GetResponse::value),
                           field("exists", &GetResponse::exists));
  }
};

struct AddResponse {
  std::int32_t value = 0;

  static constexpr auto describe() {
    return describe_struct("AddResponse", field("value", &AddResponse::value));
  }
};

struct SetResponse {
  std::string value;

  static constexpr auto describe() {
    return describe_struct("SetResponse", field("value", &SetResponse::value));
  }
};

/// Answers Del and Clear.
struct DelResponse {
  std::string key;

  static constexpr auto describe() {
    return describe_struct("DelResponse", field("key", &DelResponse::key));
  }
};

struct ListRangeResponse {
  std::vector<std::string> values;

  static constexpr auto describe() {
    return describe_struct("ListRangeResponse", field("values", &ListRangeResponse::values));
  }
};

/// After Push the length of the list, after ListItemDelete the number removed.
struct ListResponse {
  std::int32_t new_count = 0;

  static constexpr auto describe() {
    return describe_struct("ListResponse", field("newCount", &ListResponse::new_count));
  }
};

/// The number added or removed. Its name on the wire really is snake case.
struct SetOperationResponse {
  std::int32_t new_count = 0;

  static constexpr auto describe() {
    return describe_struct("SetOperationResponse",
                           field("new_count", &SetOperationResponse::new_count));
  }
};

struct SetQueryResponse {
  std::vector<std::string> values;

  static constexpr auto describe() {
    return describe_struct("SetQueryResponse", field("values", &SetQueryResponse::values));
  }
};

}  // namespace trellis::codec::keyvalue
