#include "cli/terminal_table.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "cli/command.hpp"
#include "cli/printable.hpp"

namespace trellis::cli {
namespace {

constexpr std::size_t terminal_gap = 2;
constexpr std::size_t narrow_column = 8;  // a short key
constexpr std::size_t narrowest_column = 2;
constexpr std::size_t narrowest_terminal = 40;
constexpr std::size_t usual_terminal = 80;

std::size_t terminal_width(const Context& context) {
  std::size_t width = 0;
  // COLUMNS wins over the terminal's own word, as with most tools.
  if (const auto text = context.env("COLUMNS")) {
    const auto* end = text->data() + text->size();
    if (std::from_chars(text->data(), end, width).ptr != end) width = 0;
  }
  winsize size{};
  if (width == 0 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) width = size.ws_col;
  return width == 0 ? usual_terminal : std::max(width, narrowest_terminal);
}

const char* colour_of(Tone tone) {
  switch (tone) {
    case Tone::plain: return "";
    case Tone::good: return "\x1b[32m";
    case Tone::waiting: return "\x1b[33m";
    case Tone::bad: return "\x1b[31m";
  }
  return "";
}

/// Widest of the columns that are wider than `least`.
std::optional<std::size_t> widest_above(std::size_t least, const std::vector<std::size_t>& widths,
                                        const std::vector<TerminalTable::Head>& head,
                                        bool whole_too) {
  std::optional<std::size_t> widest;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] <= least || (head[i].whole && !whole_too)) continue;
    if (!widest || widths[i] > widths[*widest]) widest = i;
  }
  return widest;
}

/// Column that shall lose a character: first of those that may be cut, as long as something of them
/// can be read; then addresses and the like; then whatever it takes.
std::optional<std::size_t> to_cut(const std::vector<std::size_t>& widths,
                                  const std::vector<TerminalTable::Head>& head) {
  for (const auto least : {narrow_column, narrowest_column}) {
    for (const bool whole_too : {false, true}) {
      if (auto found = widest_above(least, widths, head, whole_too)) return found;
    }
  }
  return std::nullopt;
}

}  // namespace

Display display_of(const Context& context, bool wide) {
  const bool terminal = context.out_is_terminal;
  return {.people = terminal || wide,
          .full = wide,
          .colour = context.colour,
          .width = terminal && !wide ? terminal_width(context) : 0};
}

// Cells are made harmless before they are measured: a column is as wide as its texts are shown.
void TerminalTable::row(std::vector<Cell> cells) {
  for (auto& cell : cells) cell.text = printable(cell.text);
  rows_.push_back(std::move(cells));
}

/// Widths of the columns; 0 for those that are left out, because no row has anything in them.
std::vector<std::size_t> TerminalTable::widths(std::size_t available) const {
  std::vector<std::size_t> widths(head_.size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(row[i].text));
    }
  }
  std::size_t total = 0;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] == 0) continue;
    widths[i] = std::max(widths[i], width_of(head_[i].title));
    total += widths[i] + (total == 0 ? 0 : terminal_gap);
  }
  while (available > 0 && total > available) {
    const auto cut = to_cut(widths, head_);
    // Narrower it does not get: the terminal wraps the line.
    if (!cut) break;
    --widths[*cut];
    --total;
  }
  return widths;
}

std::string TerminalTable::text(const Display& display) const {
  const auto widths = this->widths(display.width);
  std::string out;
  const auto line = [&](const auto& text_of, const auto& tone_of) {
    std::size_t blanks = 0;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (widths[i] == 0) continue;
      const auto shown = cut_to_width(text_of(i), widths[i]);
      const std::string_view colour = display.colour ? colour_of(tone_of(i)) : "";
      // Blanks are written only when something follows, so that no line ends with them; colours
      // stand close to their text.
      if (!shown.empty()) out.append(blanks, ' ');
      blanks = shown.empty() ? blanks : 0;
      out += fmt::format("{}{}{}", colour, shown, colour.empty() ? "" : "\x1b[0m");
      blanks += widths[i] - width_of(shown) + terminal_gap;
    }
  };
  line([this](std::size_t i) { return head_[i].title; }, [](std::size_t) { return Tone::plain; });
  for (const auto& row : rows_) {
    out += '\n';
    line([&row](std::size_t i) { return row[i].text; },
         [&row](std::size_t i) { return row[i].tone; });
  }
  return out;
}

}  // namespace trellis::cli
