// wasmcloud:extras, contracts.md 3.10. Shape A asks with flags and answers a struct; shape B asks
// with zero bytes or bounds and answers the bare value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "codec/message.hpp"

namespace trellis::codec::extras {

inline constexpr std::string_view contract_id = "wasmcloud:extras";

namespace operation {
inline constexpr std::string_view guid = "RequestGuid";
inline constexpr std::string_view random = "RequestRandom";
inline constexpr std::string_view sequence = "RequestSequence";
}  // namespace operation

struct GeneratorRequest {
  bool guid = false;
  bool sequence = false;
  bool random = false;
  std::uint32_t min = 0;  ///< inclusive
  std::uint32_t max = 0;  ///< exclusive

  static constexpr auto describe() {
    return describe_struct(
        "GeneratorRequest", field("guid", &GeneratorRequest::guid),
        field("sequence", &GeneratorRequest::sequence), field("random", &GeneratorRequest::random),
        field("min", &GeneratorRequest::min), field("max", &GeneratorRequest::max));
  }
};

struct GeneratorResult {
  std::optional<std::string> guid;
  std::uint64_t sequence_number = 0;
  std::uint32_t random_number = 0;

  static constexpr auto describe() {
    return describe_struct("GeneratorResult", field("guid", &GeneratorResult::guid),
                           field("sequenceNumber", &GeneratorResult::sequence_number),
                           field("random_number", &GeneratorResult::random_number));
  }
};

/// Shape B of RequestRandom; the answer is a bare u32.
struct RandomArgs {
  std::uint32_t min = 0;
  std::uint32_t max = 0;

  static constexpr auto describe() {
    return describe_struct("RequestRandomArgs", field("min", &RandomArgs::min),
                           field("max", &RandomArgs::max));
  }
};

}  // namespace trellis::codec::extras
