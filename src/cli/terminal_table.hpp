// Tables for people: as wide as their terminal, with states in colour.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace trellis::cli {

struct Context;

/// How something is shown. Plain value.
struct Display {
  bool people = false;    ///< names first and short keys; else the stable texts for programs
  bool full = false;      ///< whole keys, nothing cut
  bool colour = false;    ///< states in colour
  std::size_t width = 0;  ///< columns there are; 0: as many as it takes
};

/// Standard output as it is: a terminal or not, its colours, COLUMNS. `wide` (--wide) is for people
/// and uncut wherever it goes.
[[nodiscard]] Display display_of(const Context& context, bool wide);

/// Tone of a cell: what it says of its thing; colour, where there is any.
enum class Tone { plain, good, waiting, bad };

struct Cell {
  // Cells are mostly texts without a tone.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Cell(std::string its_text, Tone its_tone = Tone::plain)
      : text(std::move(its_text)), tone(its_tone) {}

  std::string text;
  Tone tone;
};

/// A head and rows of as many cells. Cells may contain anything: see printable(). Columns without
/// anything in them are left out. One thread.
class TerminalTable {
 public:
  struct Head {
    std::string title;
    bool whole = false;  ///< cut only when nothing else is left to cut
  };

  explicit TerminalTable(std::vector<Head> head) : head_(std::move(head)) {}
  void row(std::vector<Cell> cells);
  [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }
  /// Cells that do not fit end in "…"; no trailing blanks, no final line end.
  [[nodiscard]] std::string text(const Display& display) const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths(std::size_t available) const;

  const std::vector<Head> head_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace trellis::cli
