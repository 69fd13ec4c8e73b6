// Two-column tables without visible borders, as the tools of this generation print them.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace trellis::cli {

/// Rows of a label and a value, and lines over the whole width. Values may contain anything:
/// control characters are shown as '?'.
class Table {
 public:
  void heading(std::string text) { rows_.push_back({Kind::heading, std::move(text), {}}); }
  void row(std::string label, std::string value) {
    rows_.push_back({Kind::pair, std::move(label), std::move(value)});
  }
  void line(std::string text) { rows_.push_back({Kind::line, std::move(text), {}}); }

  /// Headings centred, labels padded to the widest, no trailing blanks, no final line end.
  [[nodiscard]] std::string text() const;

 private:
  enum class Kind { heading, pair, line };
  struct Row {
    Kind kind;
    std::string left;
    std::string right;
  };
  std::vector<Row> rows_;
};

}  // namespace trellis::cli
