// Settings of a link, read and checked. Errors name the key, the value and what it may be.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "codec/fields.hpp"
#include "trellis/result.hpp"

namespace trellis::providers {

/// The value without surrounding blanks; `otherwise` when it is absent or blank.
[[nodiscard]] std::string_view text_value(const codec::StringMap& values, std::string_view key,
                                          std::string_view otherwise = {});
/// A decimal number from `least` to `most`.
[[nodiscard]] Result<std::uint64_t> number_value(const codec::StringMap& values,
                                                 std::string_view key, std::uint64_t otherwise,
                                                 std::uint64_t least, std::uint64_t most);
/// Refuses keys that are not `known`, but for hidden ones (names starting with `__`): a mistyped
/// key must not be silently without effect.
[[nodiscard]] Result<void> check_keys(const codec::StringMap& values,
                                      std::span<const std::string_view> known);
/// true or false, in any letter case.
[[nodiscard]] Result<bool> flag_value(const codec::StringMap& values, std::string_view key,
                                      bool otherwise);

}  // namespace trellis::providers
