#include "cli/table.hpp"

#include <algorithm>

#include "cli/printable.hpp"

namespace trellis::cli {
namespace {

constexpr std::size_t label_gap = 3;

}  // namespace

std::string Table::text() const {
  // Widths of all rows first: headings are centred over the widest.
  std::size_t labels = 0;
  std::size_t total = 0;
  for (const auto& row : rows_) {
    if (row.kind == Kind::pair) labels = std::max(labels, width_of(row.left) + label_gap);
  }
  for (const auto& row : rows_) {
    total =
        std::max(total, row.kind == Kind::pair ? labels + width_of(row.right) : width_of(row.left));
  }
  std::string out;
  for (const auto& row : rows_) {
    if (!out.empty()) out += '\n';
    if (row.kind == Kind::heading) out.append((total - width_of(row.left)) / 2, ' ');
    out += printable(row.left);
    // Labels are padded, values are not: no line ends with blanks.
    if (row.kind != Kind::pair) continue;
    out.append(labels - width_of(row.left), ' ');
    out += printable(row.right);
  }
  return out;
}

}  // namespace trellis::cli
