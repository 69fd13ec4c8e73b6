#include "base/text.hpp"

#include <cstddef>

#include "base/ascii.hpp"

namespace trellis {
namespace {

std::string to_hex(ByteView bytes, std::string_view digits) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const auto byte : bytes) {
    text += digits[byte >> 4U];
    text += digits[byte & 0x0fU];
  }
  return text;
}

int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Appends the escape of a one-byte control character or of a C1 control (two bytes in UTF-8).
void append_control(std::string& out, unsigned code) {
  constexpr std::string_view digits = "0123456789abcdef";
  if (code == '\n') {
    out += "\\n";
  } else if (code == '\r') {
    out += "\\r";
  } else if (code == '\t') {
    out += "\\t";
  } else {
    out += {'\\', 'x', digits[code >> 4U], digits[code & 0x0fU]};
  }
}

/// The code of the control character at the start of a well-formed sequence; nothing for others.
std::optional<unsigned> control_code(std::string_view sequence) noexcept {
  const unsigned lead = static_cast<unsigned char>(sequence[0]);
  if (lead < 0x20 || lead == 0x7f) return lead;
  if (lead != 0xc2 || sequence.size() != 2) return std::nullopt;
  const unsigned code = static_cast<unsigned char>(sequence[1]);
  return code < 0xa0 ? std::optional(code) : std::nullopt;
}

}  // namespace

std::size_t utf8_sequence(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i, unsigned low, unsigned high) {
    return i < text.size() && at(i) >= low && at(i) <= high;
  };
  // Ranges of the second byte exclude overlong forms, surrogates and what lies above U+10FFFF.
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return continues(1, 0x80, 0xbf) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const unsigned low = lead == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = lead == 0xed ? 0x9f : 0xbf;
    return continues(1, low, high) && continues(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const unsigned low = lead == 0xf0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xf4 ? 0x8f : 0xbf;
    return continues(1, low, high) && continues(2, 0x80, 0xbf) && continues(3, 0x80, 0xbf) ? 4 : 0;
  }
  return 0;
}

std::string to_hex_lower(ByteView bytes) {
  return to_hex(bytes, "0123456789abcdef");
}
std::string to_hex_upper(ByteView bytes) {
  return to_hex(bytes, "0123456789ABCDEF");
}

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return bytes;
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string replace_bad_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto length = utf8_sequence(text);
    out += length == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(0, length);
    // One byte is passed over where no sequence begins, so that each bad one shows.
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

void append_printable(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const auto length = utf8_sequence(text);
    const auto sequence = text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (const auto code = control_code(sequence)) {
      append_control(out, *code);
    } else {
      out += sequence;
    }
  }
}

std::string excerpt(std::string_view text, std::size_t most) {
  if (text.size() <= most) return replace_bad_utf8(text);
  const auto continues = [text](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U;
  };
  // Cut goes back to the beginning of a character.
  while (most > 0 && continues(most)) --most;
  return replace_bad_utf8(text.substr(0, most)) + "…";
}

std::string_view trim(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string to_upper_ascii(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = to_upper(c);
  return out;
}

std::string to_lower_ascii(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = to_lower(c);
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i != 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    // Sign at the very end is followed by no digits, which decode to no byte.
    const auto byte = from_hex(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) return std::nullopt;
    out += static_cast<char>(byte->front());
    i += 2;
  }
  return out;
}

}  // namespace trellis
