// KEY=VALUE words of the command line.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "trellis/result.hpp"

namespace trellis::cli {

/// Only the first '=' separates: values are often URLs. Error: invalid_argument with the word.
[[nodiscard]] Result<std::map<std::string, std::string>> parse_key_values(
    const std::vector<std::string>& words);

}  // namespace trellis::cli
