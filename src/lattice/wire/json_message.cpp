// Texts of refusals are those of the first-party JSON library: hosts put them into their answers,
// and tools compare them (lattice.md 5.7).
#include "lattice/wire/json_message.hpp"

#include <fmt/format.h>

#include "base/limits.hpp"
#include "base/text.hpp"

namespace trellis::lattice::detail {
namespace {

constexpr std::string_view prefix = "JSON deserialization failure: ";
constexpr std::string_view remedy = "check that sender and receiver are of the same generation";

/// Names a value as the first-party library does; texts of strangers are cut.
std::string describe(const JsonValue& value) {
  switch (value.kind) {
    case Kind::null: return "null";
    case Kind::boolean: return value.boolean ? "boolean `true`" : "boolean `false`";
    case Kind::number:
      return fmt::format(
          "{} `{}`",
          value.text.find_first_of(".eE") == std::string::npos ? "integer" : "floating point",
          excerpt(value.text));
    case Kind::string: return fmt::format("string \"{}\"", excerpt(value.text));
    case Kind::array: return "sequence";
    case Kind::object: return "map";
  }
  return "value";
}

/// How many values a text can hold at most, counted without parsing: a byte of `[0,0,…` becomes
/// fifty in memory.
std::size_t max_values(std::string_view text) {
  std::size_t values = 1;
  for (const char c : text) values += c == ',' || c == '[' || c == '{' ? 1U : 0U;
  return values;
}

}  // namespace

bool JsonProblem::fail(std::string why) {
  // First problem counts; those above it in the tree would only say that something below was wrong.
  if (why_.empty()) why_ = std::move(why);
  return false;
}

bool JsonProblem::wrong_type(const JsonValue& found, std::string_view expected) {
  return fail(fmt::format("invalid type: {}, expected {}", describe(found), expected));
}

bool JsonProblem::missing(std::string_view field) {
  return fail(fmt::format("missing field `{}`", field));
}

bool JsonProblem::unknown_variant(std::string_view name, const std::string_view* known,
                                  std::size_t count) {
  return fail(fmt::format("unknown variant `{}`, expected one of `{}`", excerpt(name),
                          fmt::join(known, known + count, "`, `")));
}

Error JsonProblem::error() const {
  return {ErrorCode::malformed, std::string(prefix) + why_, std::string(remedy)};
}

// Bounds are checked on the text, before a tree of it takes memory.
Result<JsonValue> parse_bounded_json(std::string_view text) {
  if (text.size() > limits::lattice_json_bytes) {
    return trellis::fail(ErrorCode::limit, fmt::format("{}{} bytes, at most {} are taken", prefix,
                                                       text.size(), limits::lattice_json_bytes));
  }
  if (max_values(text) > limits::json_values) {
    return trellis::fail(ErrorCode::limit,
                         fmt::format("{}more than {} values", prefix, limits::json_values));
  }
  auto tree = parse_strict_json(text);
  if (tree) return tree;
  return trellis::fail(ErrorCode::malformed, std::string(prefix) + tree.error().message,
                       std::string(remedy));
}

}  // namespace trellis::lattice::detail
