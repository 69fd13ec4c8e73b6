#include "admin/socket/arguments.hpp"

#include <fmt/format.h>
#include <cstdint>
#include <limits>

#include <algorithm>

namespace trellis::admin {
namespace {

/// Longest wait that a request may ask for: its connection and thread are taken meanwhile.
constexpr std::int64_t longest_ms = 3'600'000;

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

}  // namespace

std::unexpected<Error> Arguments::wrong(const char* name, std::string_view expected) const {
  return fail(ErrorCode::invalid_argument,
              fmt::format("{}: \"{}\" must be {}", request_.operation, name, expected));
}

// Member that is null counts as absent, as tools in other languages write it.
const nlohmann::json* Arguments::find(const char* name) const {
  const auto found = request_.arguments.find(name);
  return found == request_.arguments.end() || found->is_null() ? nullptr : &*found;
}

Result<std::string> Arguments::text(const char* name, std::size_t most) const {
  const auto* value = find(name);
  const auto expected = fmt::format("a text of 1 to {} bytes without control characters", most);
  if (value == nullptr || !value->is_string()) return wrong(name, expected);
  auto text = value->get<std::string>();
  // Control characters are refused, since texts go into logs and onto terminals.
  const bool usable =
      !text.empty() && text.size() <= most && std::none_of(text.begin(), text.end(), is_control);
  if (!usable) return wrong(name, expected);
  return text;
}

Result<std::string> Arguments::text_or(const char* name, std::size_t most,
                                       std::string otherwise) const {
  if (find(name) == nullptr) return otherwise;
  return text(name, most);
}

Result<std::chrono::milliseconds> Arguments::duration(const char* name) const {
  const auto* value = find(name);
  if (value == nullptr) return std::chrono::milliseconds(0);
  if (!value->is_number_integer() || *value < 0 || *value > longest_ms) {
    return wrong(name, fmt::format("a whole number of milliseconds, 0 to {}", longest_ms));
  }
  return std::chrono::milliseconds(value->get<std::int64_t>());
}

Result<std::optional<std::size_t>> Arguments::count(const char* name) const {
  const auto* value = find(name);
  if (value == nullptr) return std::optional<std::size_t>();
  if (!value->is_number_unsigned() || *value > std::numeric_limits<std::uint32_t>::max()) {
    return wrong(name, "a whole number, 0 to 4294967295");
  }
  return std::optional(value->get<std::size_t>());
}

Result<bool> Arguments::flag(const char* name) const {
  const auto* value = find(name);
  if (value == nullptr) return false;
  if (!value->is_boolean()) return wrong(name, "true or false");
  return value->get<bool>();
}

Result<std::map<std::string, std::string>> Arguments::texts(const char* name) const {
  std::map<std::string, std::string> made;
  const auto* value = find(name);
  if (value == nullptr) return made;
  if (!value->is_object()) return wrong(name, "an object");
  for (const auto& [key, text] : value->items()) {
    if (!text.is_string()) return wrong(name, "an object of texts");
    made.emplace(key, text.get<std::string>());
  }
  return made;
}

}  // namespace trellis::admin
