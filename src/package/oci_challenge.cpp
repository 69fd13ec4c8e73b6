#include "package/oci_challenge.hpp"

#include "base/call_limits.hpp"
#include "base/text.hpp"

namespace trellis::package {
namespace {

constexpr std::size_t max_header_bytes = 8 * limits::kib;
constexpr std::size_t max_challenges = 16;
constexpr std::size_t max_parameters = 32;

/// Goes through a header once, from the beginning to the end.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() const { return text_.empty(); }
  void skip(std::string_view characters) {
    text_.remove_prefix(std::min(text_.find_first_not_of(characters), text_.size()));
  }
  std::string_view word() {
    const auto taken = text_.substr(0, text_.find_first_of(" \t,=\""));
    text_.remove_prefix(taken.size());
    return taken;
  }
  /// Takes the next character if it is this one.
  bool take(char wanted) {
    if (text_.empty() || text_.front() != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }
  void drop() { text_.remove_prefix(1); }
  /// A word or a quoted string.
  std::string value() {
    if (!take('"')) return std::string(word());
    std::string out;
    while (!text_.empty() && !take('"')) {
      if (text_.front() == '\\' && text_.size() > 1) text_.remove_prefix(1);
      out += text_.front();
      text_.remove_prefix(1);
    }
    return out;
  }

 private:
  std::string_view text_;
};

}  // namespace

std::string_view Challenge::get(const std::string& name) const {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string_view() : found->second;
}

std::vector<Challenge> parse_challenges(std::string_view header) {
  std::vector<Challenge> found;
  Reader reader(header.substr(0, max_header_bytes));
  while (reader.skip(" \t,"), !reader.at_end()) {
    const auto name = to_lower_ascii(reader.word());
    if (name.empty()) {  // a stray quote or equals sign
      reader.drop();
      continue;
    }
    reader.skip(" \t");
    if (!reader.take('=')) {
      if (found.size() == max_challenges) break;
      found.push_back({name, {}});
      continue;
    }
    reader.skip(" \t");
    auto value = reader.value();
    // Parameters without a challenge before them belong to none.
    if (found.empty() || found.back().parameters.size() == max_parameters) continue;
    found.back().parameters.emplace(name, std::move(value));
  }
  return found;
}

}  // namespace trellis::package
