#include "providers/keyvalue/memory_space.hpp"

#include "base/call_limits.hpp"
#include "providers/common/link_values.hpp"

namespace trellis::providers::keyvalue {

Result<Limits> read_limits(const codec::StringMap& values) {
  const Limits otherwise;
  // A tebibyte: more is a mistake, and sums of it stay far from the end of 64 bits.
  constexpr std::uint64_t most = std::uint64_t{1} << 40;
  const auto keys = number_value(values, "MAX_KEYS", otherwise.keys, 1, most);
  if (!keys) return pass(keys);
  // Larger values could not be sent or answered anyway.
  const auto value =
      number_value(values, "MAX_VALUE_BYTES", otherwise.value_bytes, 1, limits::payload_bytes);
  if (!value) return pass(value);
  const auto total = number_value(values, "MAX_TOTAL_BYTES", otherwise.total_bytes, 1, most);
  if (!total) return pass(total);
  return Limits{*keys, *value, *total};
}

}  // namespace trellis::providers::keyvalue
