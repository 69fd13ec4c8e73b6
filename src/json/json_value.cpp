#include "json/json_value.hpp"

#include <algorithm>
#include <charconv>

#include "base/ascii.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "json/json_string.hpp"

namespace trellis {
namespace {

using Kind = JsonValue::Kind;

/// Recursive descent over `text_`; the first error is kept in `why_` and ends everything.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<JsonValue> run() {
    JsonValue value;
    skip_blanks();
    if (parse_value(value, 0)) {
      skip_blanks();
      if (at_ == text_.size()) return value;
      fail_with("there is more text after the value");
    }
    return fail(ErrorCode::malformed, "not JSON: " + why_ + " at byte " + std::to_string(at_));
  }

 private:
  // End of the text reads as NUL, with which no value begins, so that it needs no case of its own.
  [[nodiscard]] char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) noexcept {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool fail_with(std::string_view why) {
    if (why_.empty()) why_ = why;
    return false;
  }
  void skip_blanks() noexcept {
    while (at_ < text_.size() && std::string_view(" \t\r\n").contains(text_[at_])) ++at_;
  }

  bool parse_value(JsonValue& out, std::size_t depth) {
    switch (peek()) {
      case '{': return parse_object(out, depth);
      case '[': return parse_array(out, depth);
      case '"': out.kind = Kind::string; return parse_string(out.text);
      case 't': out.boolean = true; return parse_word("true", out, Kind::boolean);
      case 'f': return parse_word("false", out, Kind::boolean);
      case 'n': return parse_word("null", out, Kind::null);
      default: return parse_number(out);
    }
  }

  bool parse_word(std::string_view word, JsonValue& out, Kind kind) {
    if (text_.substr(at_, word.size()) != word) return fail_with("an unknown word");
    at_ += word.size();
    out.kind = kind;
    return true;
  }

  bool parse_digits() {
    if (!is_digit(peek())) return fail_with("a digit is missing");
    while (is_digit(peek())) ++at_;
    return true;
  }

  bool parse_number(JsonValue& out) {
    // Number keeps its spelling, because claims tell apart what general readers make equal
    // (identity.md 2.4).
    const auto start = at_;
    take('-');
    if (!is_digit(peek())) return fail_with("an unexpected character");
    if (!take('0') && !parse_digits()) return false;
    if (take('.') && !parse_digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (!parse_digits()) return false;
    }
    out.kind = Kind::number;
    out.text = text_.substr(start, at_ - start);
    return true;
  }

  bool parse_string(std::string& out) {
    const auto used = unescape_json_string(text_.substr(at_), out);
    if (!used) return fail_with("a bad string");
    at_ += *used;
    return true;
  }

  bool parse_array(JsonValue& out, std::size_t depth) {
    // Depth bounds the recursion, and with it the stack.
    if (depth >= limits::json_depth) return fail_with("it is nested too deeply");
    out.kind = Kind::array;
    ++at_;
    skip_blanks();
    if (take(']')) return true;
    while (true) {
      skip_blanks();
      if (!parse_value(out.items.emplace_back(), depth + 1)) return false;
      skip_blanks();
      if (take(']')) return true;
      if (!take(',')) return fail_with("a comma or ] is missing");
    }
  }

  bool parse_object(JsonValue& out, std::size_t depth) {
    if (depth >= limits::json_depth) return fail_with("it is nested too deeply");
    out.kind = Kind::object;
    ++at_;
    skip_blanks();
    if (take('}')) return true;
    while (true) {
      skip_blanks();
      // Members are kept in order, and repeated ones too: who reads claims must see them.
      auto& [name, value] = out.members.emplace_back();
      if (peek() != '"') return fail_with("a member name is missing");
      if (!parse_string(name)) return false;
      skip_blanks();
      if (!take(':')) return fail_with("a colon is missing");
      skip_blanks();
      if (!parse_value(value, depth + 1)) return false;
      skip_blanks();
      if (take('}')) return true;
      if (!take(',')) return fail_with("a comma or } is missing");
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string why_;
};

template <class Integer>
std::optional<Integer> whole_number(const JsonValue& value) noexcept {
  if (!value.is(Kind::number)) return std::nullopt;
  Integer number{};
  const auto* end = value.text.data() + value.text.size();
  // Spelling decides: fractions and exponents are no whole numbers, whatever they come to
  // (identity.md 2.4).
  const auto [stop, error] = std::from_chars(value.text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace

std::size_t JsonValue::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(members.begin(), members.end(), [&](auto& m) { return m.name == name; }));
}

const JsonValue* JsonValue::find(std::string_view name) const noexcept {
  const auto at =
      std::find_if(members.begin(), members.end(), [&](auto& m) { return m.name == name; });
  return at == members.end() ? nullptr : &at->value;
}

std::optional<std::uint64_t> JsonValue::as_u64() const noexcept {
  return whole_number<std::uint64_t>(*this);
}
std::optional<std::int32_t> JsonValue::as_i32() const noexcept {
  return whole_number<std::int32_t>(*this);
}

Result<JsonValue> parse_strict_json(std::string_view text) {
  if (!is_utf8(text)) return fail(ErrorCode::malformed, "not JSON: the text is not UTF-8");
  return Parser(text).run();
}

}  // namespace trellis
