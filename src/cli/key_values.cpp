#include "cli/key_values.hpp"

#include <fmt/format.h>

namespace trellis::cli {

Result<std::map<std::string, std::string>> parse_key_values(const std::vector<std::string>& words) {
  std::map<std::string, std::string> values;
  for (const auto& word : words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no KEY=VALUE", word));
    }
    // First '=' divides: values may hold more of them. The last of two equal keys counts.
    values[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return values;
}

}  // namespace trellis::cli
