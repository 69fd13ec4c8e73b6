// Tables of several columns without visible borders, as the tools of this generation print them.
#pragma once

#include <string>
#include <vector>

namespace trellis::cli {

/// A head and rows of as many cells. Cells may contain anything: see printable().
class Columns {
 public:
  explicit Columns(std::vector<std::string> head) : rows_{std::move(head)} {}
  void row(const std::vector<std::string>& cells);
  [[nodiscard]] bool empty() const noexcept { return rows_.size() == 1; }

  /// Each column as wide as its widest cell, `indent` blanks before each line, none behind it, no
  /// final line end.
  [[nodiscard]] std::string text(std::size_t indent = 0) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// An empty cell as first-party tools show it.
[[nodiscard]] inline std::string or_not_available(const std::string& text) {
  return text.empty() ? "N/A" : text;
}

}  // namespace trellis::cli
