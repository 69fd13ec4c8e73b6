#include "cli/printable.hpp"

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/text.hpp"

namespace trellis::cli {

namespace {

/// Whether a character can steer a terminal, forge a line or turn what follows around: C0 and C1
/// controls, DEL, the line and paragraph separators, and the marks and overrides of direction.
bool steers(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || code == 0x200e ||
         code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

/// Code point of a valid sequence of UTF-8.
std::uint32_t code_of(std::string_view sequence) {
  const auto byte = [sequence](std::size_t at) { return static_cast<unsigned char>(sequence[at]); };
  if (sequence.size() == 1) return byte(0);
  std::uint32_t code = byte(0) & (0x7fU >> sequence.size());
  for (std::size_t i = 1; i < sequence.size(); ++i) code = (code << 6U) | (byte(i) & 0x3fU);
  return code;
}

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

/// Whether one of the ranges, which are sorted, has the code point.
bool in_ranges(std::span<const Range> ranges, std::uint32_t code) {
  const auto found = std::ranges::lower_bound(ranges, code, {}, &Range::last);
  return found != ranges.end() && code >= found->first;
}

/// Marks that stand above or below the character before them, joiners and selectors of variants.
bool takes_no_column(std::uint32_t code) {
  static constexpr Range ranges[] = {
      {0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},     {0x64b, 0x65f},
      {0x6d6, 0x6dc},   {0x900, 0x902},   {0x93c, 0x93c},   {0x941, 0x948},     {0xe31, 0xe31},
      {0xe34, 0xe3a},   {0xe47, 0xe4e},   {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},   {0x200b, 0x200d},
      {0x20d0, 0x20f0}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0xe0100, 0xe01ef},
  };
  return in_ranges(ranges, code);
}

/// East Asian wide and fullwidth characters, and pictures.
bool takes_two_columns(std::uint32_t code) {
  static constexpr Range ranges[] = {
      {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},
      {0xa960, 0xa97c},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
      {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff},
      {0x1f900, 0x1faff}, {0x20000, 0x3fffd},
  };
  return in_ranges(ranges, code);
}

std::size_t columns_of(std::uint32_t code) {
  if (takes_no_column(code)) return 0;
  return takes_two_columns(code) ? 2 : 1;
}

/// First character of a text, or one byte of what is none.
std::string_view first_of(std::string_view text) {
  return text.substr(0, std::max<std::size_t>(utf8_sequence(text), 1));
}

std::size_t columns_of_first(std::string_view first) {
  // Bad bytes count as the '?' they are shown as.
  return utf8_sequence(first) == 0 ? 1 : columns_of(code_of(first));
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto length = utf8_sequence(text);
    if (length == 0 || steers(code_of(text.substr(0, length)))) {
      out += '?';
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string printable_lines(std::string_view text) {
  std::string out;
  while (true) {
    const auto end = text.find('\n');
    out += printable(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    out += '\n';
    text.remove_prefix(end + 1);
  }
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const auto first = first_of(text);
    width += columns_of_first(first);
    text.remove_prefix(first.size());
  }
  return width;
}

std::string cut_to_width(std::string_view text, std::size_t width) {
  if (width_of(text) <= width) return std::string(text);
  std::string out;
  std::size_t used = 1;  // of the sign at the end
  while (!text.empty()) {
    const auto first = first_of(text);
    used += columns_of_first(first);
    if (used > width) break;
    out += first;
    text.remove_prefix(first.size());
  }
  return width == 0 ? std::string() : out + "…";
}

}  // namespace trellis::cli
