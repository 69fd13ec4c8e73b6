#include "package/link_header.hpp"

#include <algorithm>

#include "base/call_limits.hpp"
#include "base/text.hpp"

namespace trellis::package {
namespace {

constexpr std::size_t max_link_bytes = 16 * limits::kib;
constexpr std::string_view link_blanks = " \t";

/// Goes through a header once, from the beginning to the end.
class LinkReader {
 public:
  explicit LinkReader(std::string_view text) : text_(text) {}

  /// The next target between '<' and '>'; nothing at the end.
  std::optional<std::string_view> target() {
    const auto open = text_.find('<');
    const auto close = open == text_.npos ? open : text_.find('>', open);
    if (close == text_.npos) return std::nullopt;
    const auto found = text_.substr(open + 1, close - open - 1);
    text_.remove_prefix(close + 1);
    return found;
  }
  /// The parameters up to the comma before the next link; whether one says that it is the next.
  bool leads_on() {
    bool found = false;
    while (take(';')) {
      const auto name = to_lower_ascii(word());
      const auto value = take('=') ? this->value() : std::string();
      if (name == "rel") found = found || is_next(value);
    }
    return found;
  }

 private:
  void skip_blanks() {
    text_.remove_prefix(std::min(text_.find_first_not_of(link_blanks), text_.size()));
  }
  bool take(char wanted) {
    skip_blanks();
    if (text_.empty() || text_.front() != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::string word() {
    skip_blanks();
    const auto taken = text_.substr(0, text_.find_first_of(" \t;,=\"<"));
    text_.remove_prefix(taken.size());
    return std::string(taken);
  }
  std::string value() {
    if (!take('"')) return word();
    const auto taken = text_.substr(0, text_.find('"'));
    text_.remove_prefix(std::min(taken.size() + 1, text_.size()));
    return std::string(taken);
  }
  /// Relations are a list.
  static bool is_next(std::string_view relations) {
    return std::ranges::any_of(split(relations, ' '), [](std::string_view relation) {
      return to_lower_ascii(relation) == "next";
    });
  }

  std::string_view text_;
};

}  // namespace

std::optional<std::string> next_link(std::string_view header) {
  LinkReader reader(header.substr(0, max_link_bytes));
  while (const auto target = reader.target()) {
    if (reader.leads_on()) return std::string(*target);
  }
  return std::nullopt;
}

}  // namespace trellis::package
