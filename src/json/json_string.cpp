#include "json/json_string.hpp"

#include <charconv>
#include <cstdint>

namespace trellis {
namespace {

struct ShortEscape {
  char letter;
  char meaning;
};
// Escapes with a letter of their own. A slash may be escaped where it is read, and never is where
// it is written (identity.md 2.3).
constexpr ShortEscape short_escapes[] = {{'"', '"'},  {'\\', '\\'}, {'b', '\b'}, {'f', '\f'},
                                         {'n', '\n'}, {'r', '\r'},  {'t', '\t'}};

bool append_short_escape(std::string& out, char c) {
  for (const auto& escape : short_escapes) {
    if (escape.meaning != c) continue;
    out += '\\';
    out += escape.letter;
    return true;
  }
  return false;
}

void append_control(std::string& out, char c) {
  static constexpr std::string_view digits = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(c);
  out += "\\u00";
  out += digits[value >> 4U];
  out += digits[value & 0x0fU];
}

/// Value of exactly four hex digits.
std::optional<std::uint32_t> hex4(std::string_view text) noexcept {
  std::uint32_t value = 0;
  if (text.size() < 4) return std::nullopt;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + 4, value, 16);
  if (error != std::errc() || stop != text.data() + 4) return std::nullopt;
  return value;
}

void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  const auto put_tail = [&](unsigned shift) { put(0x80U | ((c >> shift) & 0x3fU)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0U | (c >> 6U));
    put_tail(0);
  } else if (c < 0x10000) {
    put(0xe0U | (c >> 12U));
    put_tail(6);
    put_tail(0);
  } else {
    put(0xf0U | (c >> 18U));
    put_tail(12);
    put_tail(6);
    put_tail(0);
  }
}

/// The part of \uXXXX (or a pair of them) after the first backslash and u; its length, or nothing.
std::optional<std::size_t> take_unicode(std::string_view text, std::string& out) {
  const auto first = hex4(text);
  // Low half of a pair without the high one before it is no character.
  if (!first || (*first >= 0xdc00 && *first <= 0xdfff)) return std::nullopt;
  if (*first < 0xd800 || *first > 0xdbff) {
    append_utf8(out, *first);
    return 4;
  }
  if (text.substr(4, 2) != "\\u") return std::nullopt;
  const auto second = hex4(text.substr(6));
  if (!second || *second < 0xdc00 || *second > 0xdfff) return std::nullopt;
  append_utf8(out, 0x10000U + ((*first - 0xd800U) << 10U) + (*second - 0xdc00U));
  return 10;
}

/// Rest of an escape behind its backslash; the number of characters it took, or nothing.
std::optional<std::size_t> take_escape(std::string_view text, std::string& out) {
  if (text.empty()) return std::nullopt;
  if (text[0] == 'u') {
    const auto used = take_unicode(text.substr(1), out);
    return used ? std::optional(*used + 1) : std::nullopt;
  }
  if (text[0] == '/') {
    out += '/';
    return 1;
  }
  for (const auto& escape : short_escapes) {
    if (escape.letter != text[0]) continue;
    out += escape.meaning;
    return 1;
  }
  return std::nullopt;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  // Nothing else is escaped: tokens are signed over these bytes, so that each text has one
  // spelling.
  for (const char c : text) {
    if (append_short_escape(out, c)) continue;
    if (static_cast<unsigned char>(c) < 0x20) {
      append_control(out, c);
    } else {
      out += c;
    }
  }
  out += '"';
}

std::optional<std::size_t> unescape_json_string(std::string_view text, std::string& out) {
  if (text.empty() || text[0] != '"') return std::nullopt;
  std::size_t at = 1;
  while (at < text.size()) {
    const char c = text[at++];
    if (c == '"') return at;
    // Control characters stand in strings as escapes only.
    if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
    if (c != '\\') {
      out += c;
      continue;
    }
    const auto used = take_escape(text.substr(at), out);
    if (!used) return std::nullopt;
    at += *used;
  }
  return std::nullopt;
}

}  // namespace trellis
