#include "manifest/places.hpp"

#include <algorithm>

namespace trellis::manifest {
namespace {

/// Columns behind this are counted in bytes: in such a line no reader counts characters, and each
/// message would scan it.
constexpr std::size_t longest_count = 1000;

std::vector<std::size_t> line_starts(std::string_view text) {
  std::vector<std::size_t> starts{0};
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') starts.push_back(i + 1);
  }
  return starts;
}

// Characters for people: code points, that is all bytes but those that continue one.
int characters_in(std::string_view text) {
  if (text.size() > longest_count) return static_cast<int>(text.size());
  return static_cast<int>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace

Places::Places(std::string_view source, std::string_view text,
               const std::vector<Expanded::Replacement>* replacements)
    : source_(source),
      text_(text),
      replacements_(replacements),
      source_lines_(line_starts(source)),
      text_lines_(line_starts(text)) {}

Position Places::of(const Position& position) const {
  // Parsers may report places behind the end, or none (0): they are moved to the nearest that
  // exists.
  const auto line = static_cast<std::size_t>(std::max(position.line, 1)) - 1;
  const auto start = text_lines_[std::min(line, text_lines_.size() - 1)];
  const auto offset = start + static_cast<std::size_t>(std::max(position.column, 1)) - 1;
  return of_source_byte(source_byte(std::min(offset, text_.size())));
}

std::size_t Places::source_byte(std::size_t offset) const {
  if (replacements_ == nullptr) return offset;
  // Last replacement before the place: inside its value the place is the reference's, behind it the
  // distance is kept.
  const auto after = std::ranges::upper_bound(*replacements_, offset, {},
                                              [](const auto& one) { return one.begin; });
  if (after == replacements_->begin()) return offset;
  const auto& last = *std::prev(after);
  return offset < last.end ? last.source_begin : last.source_end + (offset - last.end);
}

Position Places::of_source_byte(std::size_t offset) const {
  offset = std::min(offset, source_.size());
  const auto after = std::ranges::upper_bound(source_lines_, offset);
  const auto start = *std::prev(after);
  return {static_cast<int>(after - source_lines_.begin()),
          1 + characters_in(source_.substr(start, offset - start))};
}

std::vector<std::string> Places::variables_on(int source_line) const {
  std::vector<std::string> names;
  if (replacements_ == nullptr) return names;
  for (const auto& one : *replacements_) {
    if (of_source_byte(one.source_begin).line != source_line) continue;
    if (std::ranges::find(names, one.name) == names.end()) names.push_back(one.name);
  }
  return names;
}

std::string_view Places::source_line(int line) const {
  if (line < 1 || static_cast<std::size_t>(line) > source_lines_.size()) return {};
  const auto start = source_lines_[static_cast<std::size_t>(line) - 1];
  const auto end = source_.find('\n', start);
  return source_.substr(start, end == std::string_view::npos ? end : end - start);
}

}  // namespace trellis::manifest
