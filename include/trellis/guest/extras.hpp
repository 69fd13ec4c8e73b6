// wasmcloud:extras: random numbers, sequences and GUIDs (contracts.md 3.10, shape A).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "trellis/guest/message.hpp"

namespace trellis::guest::extras {

inline constexpr std::string_view contract = "wasmcloud:extras";

struct GeneratorRequest {
  bool guid = false;
  bool sequence = false;
  bool random = false;
  std::uint32_t min = 0;
  std::uint32_t max = 0;
  static constexpr auto fields() {
    return std::make_tuple(
        field("guid", &GeneratorRequest::guid), field("sequence", &GeneratorRequest::sequence),
        field("random", &GeneratorRequest::random), field("min", &GeneratorRequest::min),
        field("max", &GeneratorRequest::max));
  }
};

struct GeneratorResult {
  std::optional<std::string> guid;
  std::uint64_t sequence_number = 0;
  std::uint32_t random_number = 0;
  static constexpr auto fields() {
    return std::make_tuple(field("guid", &GeneratorResult::guid),
                           field("sequenceNumber", &GeneratorResult::sequence_number),
                           field("random_number", &GeneratorResult::random_number));
  }
};

inline Result<std::string> guid(std::string_view link = "default") {
  GeneratorRequest wanted;
  wanted.guid = true;
  auto made = request<GeneratorResult>(contract, "RequestGuid", wanted, link);
  if (!made) return made.error();
  if (!made->guid) return Error{"the provider made no GUID"};
  return *made->guid;
}
/// `min` inclusive, `max` exclusive.
inline Result<std::uint32_t> random(std::uint32_t min, std::uint32_t max,
                                    std::string_view link = "default") {
  GeneratorRequest wanted;
  wanted.random = true;
  wanted.min = min;
  wanted.max = max;
  auto made = request<GeneratorResult>(contract, "RequestRandom", wanted, link);
  if (!made) return made.error();
  return made->random_number;
}
/// 0, 1, 2, … per actor.
inline Result<std::uint64_t> sequence(std::string_view link = "default") {
  GeneratorRequest wanted;
  wanted.sequence = true;
  auto made = request<GeneratorResult>(contract, "RequestSequence", wanted, link);
  if (!made) return made.error();
  return made->sequence_number;
}

}  // namespace trellis::guest::extras
