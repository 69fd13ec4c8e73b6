#include "manifest/item_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/limits.hpp"
#include "base/suggest.hpp"
#include "base/text.hpp"

namespace trellis::manifest {
namespace {

std::string_view kind_name(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null: return "nothing (null)";
    case Node::Kind::string: return "a text";
    case Node::Kind::number: return "a number";
    case Node::Kind::boolean: return "true or false";
    case Node::Kind::list: return "a list";
    case Node::Kind::map: return "a map";
  }
  return "a value";
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

std::size_t longest(TextRule rule) {
  switch (rule) {
    case TextRule::name:
    case TextRule::key: return limits::name_bytes;
    case TextRule::reference: return limits::reference_bytes;
    case TextRule::value: return limits::link_value_bytes;
  }
  return 0;
}

/// Objection to a text, or an empty one.
std::string objection(std::string_view text, TextRule rule) {
  if (rule == TextRule::value) return {};
  if (text.empty()) return "expected a text, found an empty one";
  if (std::ranges::any_of(text, is_control)) {
    return "expected a text without control characters, found one";
  }
  // Names become parts of subjects, where blanks end them and '*' and '>' listen to everything
  // (lattice.md 1.2).
  if (rule == TextRule::name && text.find_first_of(" *>") != std::string_view::npos) {
    return fmt::format("expected a name without blanks, '*' and '>', found '{}'", excerpt(text));
  }
  return {};
}

std::string_view advice(TextRule rule) {
  return rule == TextRule::name
             ? "use letters, digits and . : - _ only; names enter lattice subjects"
             : "write a text that is not empty; where a variable may be empty, give a default: "
               "${NAME:-text}";
}

}  // namespace

const Node* present(const Node& map, std::string_view key) noexcept {
  const auto* node = map.find(key);
  // Null counts as absent: `values:` with nothing below it is what remains when its lines are
  // commented out.
  return node == nullptr || node->kind == Node::Kind::null ? nullptr : node;
}

std::string join_path(std::string_view path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

std::string Context::place(const Position& at, std::string_view path) const {
  const auto found = places_.of(at);
  const auto head = fmt::format("{}:{}:{}: ", options_.file, found.line, found.column);
  return path.empty() ? head : fmt::format("{}{}: ", head, path);
}

std::unexpected<Error> Context::refuse(const Position& at, std::string_view path,
                                       std::string_view text, std::string remedy,
                                       ErrorCode code) const {
  return fail(code, place(at, path) + std::string(text), std::move(remedy));
}

Result<void> Context::warn(const Position& at, std::string_view path, std::string_view text,
                           std::string remedy) {
  if (options_.strict) return refuse(at, path, text, std::move(remedy));
  // Bound, because a manifest may have a hundred thousand wrong keys.
  if (warnings_.size() < limits::manifest_warnings) {
    warnings_.push_back(place(at, path) + std::string(text));
  }
  return {};
}

Result<void> Context::expect(const Node& node, Node::Kind kind, std::string_view path) const {
  if (node.kind == kind) return {};
  const auto wanted = kind == Node::Kind::list ? "a list" : "a map";
  return refuse(node.at, path, fmt::format("expected {}, found {}", wanted, kind_name(node)),
                fmt::format("write {} here", wanted));
}

Result<std::string> Context::text(const Node& node, std::string_view path, TextRule rule) const {
  // YAML takes any plain scalar as its text, JSON only strings (host.md 11).
  const bool plain_null = node.kind == Node::Kind::null && format_ == Format::yaml;
  if (node.kind != Node::Kind::string && !plain_null) {
    return refuse(node.at, path, fmt::format("expected a text, found {}", kind_name(node)),
                  format_ == Format::json ? "put the value in quotes" : "write a text here");
  }
  // `~` is a text as a value (host.md 11), but nobody means a file or a link of that name.
  const bool empty = plain_null && rule != TextRule::value;
  if (const auto wrong = objection(empty ? "" : std::string_view(node.text), rule);
      !wrong.empty()) {
    return refuse(node.at, path, wrong, std::string(advice(rule)));
  }
  if (node.text.size() > longest(rule)) {
    return refuse(node.at, path, fmt::format("longer than {} bytes", longest(rule)),
                  "use a shorter text", ErrorCode::limit);
  }
  return node.text;
}

Result<std::uint32_t> Context::number(const Node& node, std::string_view path, std::uint32_t low,
                                      std::uint32_t high) const {
  // Numbers of YAML are texts in the tree: the reader keeps what was written and guesses no types.
  const auto wanted = format_ == Format::yaml ? Node::Kind::string : Node::Kind::number;
  std::uint32_t value = 0;
  const auto* end = node.text.data() + node.text.size();
  const auto [stop, failed] = std::from_chars(node.text.data(), end, value);
  if (node.kind != wanted || failed != std::errc{} || stop != end || value < low || value > high) {
    const bool scalar = node.kind == Node::Kind::string || node.kind == Node::Kind::number;
    return refuse(node.at, path,
                  fmt::format("expected a whole number from {} to {}, found {}", low, high,
                              scalar ? fmt::format("'{}'", excerpt(node.text)) : kind_name(node)),
                  // Eight as an example, where the range has it.
                  fmt::format("write a number such as {}", std::clamp(8U, low, high)));
  }
  return value;
}

Result<std::optional<std::uint32_t>> Context::optional_number(const Node& map,
                                                              std::string_view path,
                                                              std::string_view key,
                                                              std::uint32_t low,
                                                              std::uint32_t high) const {
  const auto* node = present(map, key);
  if (node == nullptr) return std::nullopt;
  auto value = number(*node, join_path(path, key), low, high);
  if (!value) return pass(value);
  return *value;
}

Result<std::string> Context::required_text(const Node& map, std::string_view path,
                                           std::string_view key, TextRule rule) const {
  const auto* node = map.find(key);
  if (node == nullptr) {
    return refuse(map.at, join_path(path, key), "missing", fmt::format("add `{}: …`", key));
  }
  return text(*node, join_path(path, key), rule);
}

Result<std::string> Context::link_name(const Node& map, std::string_view path) const {
  const auto* node = present(map, "link_name");
  if (node == nullptr) return "default";
  return text(*node, join_path(path, "link_name"), TextRule::name);
}

Result<void> Context::known_keys(const Node& map, std::string_view path,
                                 std::initializer_list<std::string_view> known) {
  for (const auto& item : map.items) {
    if (std::ranges::find(known, item.key) != known.end()) continue;
    const auto key = std::string_view(item.key).substr(0, limits::name_bytes);
    const auto meant = nearest(key, known);
    const auto text =
        meant ? fmt::format("unknown key; did you mean `{}`?", *meant) : "unknown key";
    auto remedy =
        fmt::format("known here: {}; with --lenient others are ignored", fmt::join(known, ", "));
    // Error and not a warning (host.md 11): `value:` for `values:` would serve on all interfaces.
    if (!options_.lenient) return refuse(item.key_at, join_path(path, key), text, remedy);
    if (auto ok = warn(item.key_at, join_path(path, key), text + " (ignored)", remedy); !ok) {
      return ok;
    }
  }
  return {};
}

Result<void> Context::known_parts(const Node& root, std::initializer_list<std::string_view> known) {
  for (const auto& item : root.items) {
    if (item.key.starts_with("x-") || std::ranges::find(known, item.key) != known.end()) continue;
    const auto key = std::string_view(item.key).substr(0, limits::name_bytes);
    const auto meant = nearest(key, known);
    auto ok =
        warn(item.key_at, key,
             meant ? fmt::format("unknown key, ignored; did you mean `{}`?", *meant)
                   : "unknown key, ignored",
             fmt::format("known here: {}, and whatever begins with x-", fmt::join(known, ", ")));
    if (!ok) return ok;
  }
  return {};
}

}  // namespace trellis::manifest
