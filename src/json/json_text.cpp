#include "json/json_text.hpp"

#include <fmt/format.h>

#include "base/limits.hpp"

namespace trellis {
namespace {

/// Cost of a text once parsed, counted without parsing it: a byte can become a hundred.
struct Cost {
  std::size_t depth = 0;
  std::size_t values = 1;
};

Cost cost_of(std::string_view text) {
  Cost cost;
  std::size_t open = 0;
  bool in_string = false;
  // Strings are passed over with their escapes: brackets inside of them open nothing.
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      cost.depth = std::max(cost.depth, ++open);
      ++cost.values;
    } else if (c == ',') {
      ++cost.values;
    } else if ((c == ']' || c == '}') && open > 0) {
      --open;
    }
  }
  return cost;
}

}  // namespace

Result<nlohmann::json> parse_json(std::string_view text, std::string_view what) {
  // Cost comes first, because the parser has no limits of its own.
  const auto cost = cost_of(text);
  if (cost.depth > limits::json_depth) {
    return fail(ErrorCode::limit, fmt::format("{}: nested {} levels deep, at most {} are accepted",
                                              what, cost.depth, limits::json_depth));
  }
  if (cost.values > limits::json_values) {
    return fail(ErrorCode::limit,
                fmt::format("{}: more than {} values", what, limits::json_values));
  }
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& problem) {
    return fail(ErrorCode::malformed, fmt::format("{} is not JSON: {}", what, problem.what()));
  }
}

std::string dump_json(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace trellis
