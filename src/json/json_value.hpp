// A strict, bounded JSON reader that keeps what claims tokens need to know and general readers
// hide: members that appear twice, and how a number was written (identity.md 2.4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trellis/result.hpp"

namespace trellis {

struct JsonMember;

/// One JSON value, a plain tree.
struct JsonValue {
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

  Kind kind = Kind::null;
  bool boolean = false;
  std::string text;              ///< a string's characters, or a number exactly as it was written
  std::vector<JsonValue> items;  ///< of an array
  std::vector<JsonMember> members;  ///< of an object, in order, repeated names included

  [[nodiscard]] bool is(Kind k) const noexcept { return kind == k; }
  /// How often the object has a member of that name.
  [[nodiscard]] std::size_t count(std::string_view name) const noexcept;
  /// The first member of that name, or null.
  [[nodiscard]] const JsonValue* find(std::string_view name) const noexcept;

  /// The value of a whole number written without sign, fraction or exponent; nothing for other
  /// numbers, other kinds and values beyond 64 bits.
  [[nodiscard]] std::optional<std::uint64_t> as_u64() const noexcept;
  /// Value of a whole number with an optional minus, within 32 bits; nothing in the same cases.
  [[nodiscard]] std::optional<std::int32_t> as_i32() const noexcept;
};

/// A name and its value within an object.
struct JsonMember {
  std::string name;
  JsonValue value;
};

/// Reads one JSON text (RFC 8259), strict UTF-8, blanks around it allowed. Errors (malformed) name
/// the byte offset; nesting beyond limits::json_depth is an error too.
[[nodiscard]] Result<JsonValue> parse_strict_json(std::string_view text);

}  // namespace trellis
