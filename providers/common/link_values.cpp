#include "providers/common/link_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace trellis::providers {

std::string_view text_value(const codec::StringMap& values, std::string_view key,
                            std::string_view otherwise) {
  const auto found = values.find(key);
  // Blank counts as absent: manifests fill values from variables, which may be set but empty.
  const std::string_view text = found == values.end() ? "" : trim(found->second);
  return text.empty() ? otherwise : text;
}

Result<std::uint64_t> number_value(const codec::StringMap& values, std::string_view key,
                                   std::uint64_t otherwise, std::uint64_t least,
                                   std::uint64_t most) {
  const std::string_view text = text_value(values, key);
  if (text.empty()) return otherwise;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  // Numbers are taken whole: "10s" read as 10 would be a setting its author did not make.
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (whole && number >= least && number <= most) return number;
  return fail(ErrorCode::invalid_argument,
              fmt::format("link value {} is '{}', expected a number from {} to {}", key,
                          excerpt(text), least, most),
              "correct the link and put it again");
}

Result<void> check_keys(const codec::StringMap& values, std::span<const std::string_view> known) {
  for (const auto& [key, value] : values) {
    // Hidden keys are added by the host on every bind (contracts.md 2.4), not by whoever wrote the
    // link.
    if (key.starts_with("__")) continue;
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("unknown link value {}; known are {}", excerpt(key), fmt::join(known, ", ")),
        "correct the link and put it again");
  }
  return {};
}

Result<bool> flag_value(const codec::StringMap& values, std::string_view key, bool otherwise) {
  const std::string text = to_lower_ascii(text_value(values, key));
  if (text.empty()) return otherwise;
  if (text == "true") return true;
  if (text == "false") return false;
  return fail(ErrorCode::invalid_argument,
              fmt::format("link value {} is '{}', expected true or false", key, excerpt(text)),
              "correct the link and put it again");
}

}  // namespace trellis::providers
