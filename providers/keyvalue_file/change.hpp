// One change of a key space, as journals keep it.
//
// A record is: bytes of the rest (u32), CRC-32 of the rest (u32), kind (u8), expiry (i64,
// milliseconds since 1970, 0 for never), bytes of the key (u32), key, value. Little-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/call_limits.hpp"
#include "trellis/bytes.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::keyvalue_file {

struct Change {
  enum class Kind : std::uint8_t { set = 1, remove, push, remove_item, set_add, set_remove };

  Kind kind = Kind::set;
  std::string_view key;
  std::string_view value = {};
  std::int64_t expires_ms = 0;  ///< of set; 0 for never
};

/// Bound on the length that a record states of itself.
inline constexpr std::size_t max_record_bytes = 2 * limits::payload_bytes + 64;

void append_record(std::string& out, const Change& change);

/// Parsed beginning of a part of a journal.
struct Parsed {
  enum class State : std::uint8_t {
    whole,    ///< `change` and `bytes` are set; the views are into the input
    cut,      ///< a record that does not end in the input
    damaged,  ///< no record at all
  };

  State state = State::damaged;
  Change change = {};
  std::size_t bytes = 0;  ///< of the record
};
/// Any bytes, none of which may be a record.
[[nodiscard]] Parsed parse_record(ByteView bytes);

}  // namespace trellis::providers::keyvalue_file
