#include "cli/columns.hpp"

#include <algorithm>

#include "cli/printable.hpp"

namespace trellis::cli {
namespace {

constexpr std::size_t column_gap = 3;

}  // namespace

// Cells are made harmless before they are measured: a column is as wide as its texts are shown.
void Columns::row(const std::vector<std::string>& cells) {
  auto& row = rows_.emplace_back();
  for (const auto& cell : cells) row.push_back(printable(cell));
}

std::string Columns::text(std::size_t indent) const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  for (const auto& row : rows_) {
    if (!out.empty()) out += '\n';
    out.append(indent, ' ');
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size()) out.append(widths[i] - width_of(row[i]) + column_gap, ' ');
    }
    // No blanks at the end: the last cells may be empty, and outputs are compared.
    out.erase(out.find_last_not_of(' ') + 1);
  }
  return out;
}

}  // namespace trellis::cli
