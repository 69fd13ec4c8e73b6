// Names of methods and headers (RFC 9110 5.6.2).
#pragma once

#include <algorithm>
#include <string_view>

#include "base/ascii.hpp"

namespace trellis::http {

[[nodiscard]] inline bool is_token_char(char c) noexcept {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return is_letter_or_digit(c) || marks.find(c) != std::string_view::npos;
}

[[nodiscard]] inline bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

/// Whether `a` in any letter case is `lower`, which is in lower case.
[[nodiscard]] inline bool same_name(std::string_view a, std::string_view lower) noexcept {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(),
                    [](char x, char y) { return to_lower(x) == y; });
}

}  // namespace trellis::http
