// JSON from outside, bounded before it is parsed.
#pragma once

#include <string>
#include <string_view>

#include "json/json.hpp"
#include "trellis/result.hpp"

namespace trellis {

/// Parses one JSON value. `what` names it in messages ("request"). Errors: limit for nesting beyond
/// limits::json_depth or more than limits::json_values values; malformed otherwise. Any thread.
[[nodiscard]] Result<nlohmann::json> parse_json(std::string_view text, std::string_view what);

/// One line; text that is not UTF-8 gets replacement characters instead of an exception.
[[nodiscard]] std::string dump_json(const nlohmann::json& value);

}  // namespace trellis
