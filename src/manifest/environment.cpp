#include "manifest/environment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/limits.hpp"

namespace trellis::manifest {
namespace {

/// Finds the next of some characters and remembers where, so that many attempts which all fail at
/// one place cost one scan together.
class NextOf {
 public:
  NextOf(std::string_view text, std::string_view characters)
      : text_(text), characters_(characters) {}

  /// Position at or after `from`, which never goes back; the size of the text when there is none.
  std::size_t from(std::size_t from) {
    if (!known_ || from > at_) {
      at_ = std::min(text_.find_first_of(characters_, from), text_.size());
      known_ = true;
    }
    return at_;
  }

 private:
  std::string_view text_;
  std::string_view characters_;
  std::size_t at_ = 0;
  bool known_ = false;
};

/// What stands between the braces of one `${…}`.
struct Reference {
  std::string_view name;
  std::optional<std::string_view> fallback;
  std::size_t end = 0;  ///< behind the closing brace
};

class Expander {
 public:
  Expander(std::string_view text, const Lookup& lookup)
      : text_(text), lookup_(lookup), name_end_(text, ":} \t=\r\n"), end_(text, "}\r\n") {}

  [[nodiscard]] bool done() const { return at_ == text_.size(); }
  [[nodiscard]] std::string& out() { return out_; }

  /// Copies or replaces what comes next.
  void step() {
    const auto rest = text_.substr(at_);
    if (!rest.starts_with('$')) return copy_to(text_.find('$', at_));
    if (rest.starts_with("$${")) return copy_to(at_ + 3);
    if (rest.starts_with("$$")) return copy_to(at_ + 2);
    if (!rest.starts_with("${")) return copy_to(at_ + 1);
    const auto reference = parse(at_ + 2);
    if (!reference) return copy_to(at_ + 2);
    substitute(*reference);
  }

 private:
  void copy_to(std::size_t end) {
    end = std::min(end, text_.size());
    out_ += text_.substr(at_, end - at_);
    at_ = end;
  }

  std::optional<Reference> parse(std::size_t begin) {
    const auto colon = name_end_.from(begin);
    if (colon == begin || colon == text_.size()) return std::nullopt;
    Reference reference{text_.substr(begin, colon - begin), std::nullopt, colon + 1};
    if (text_[colon] == '}') return reference;
    if (text_[colon] != ':') return std::nullopt;
    const auto end = end_.from(colon + 1);
    if (end == text_.size() || text_[end] != '}') return std::nullopt;
    reference.fallback = text_.substr(colon + 1, end - colon - 1);
    reference.end = end + 1;
    return reference;
  }

  void substitute(const Reference& reference) {
    const auto value = lookup_(reference.name);
    if (!value && !reference.fallback) return copy_to(reference.end);
    out_ += value ? std::string_view(*value) : *reference.fallback;
    at_ = reference.end;
  }

  std::string_view text_;
  const Lookup& lookup_;
  NextOf name_end_;
  NextOf end_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

Result<std::string> expand_environment(std::string_view text, const Lookup& lookup) {
  Expander expander(text, lookup);
  while (!expander.done()) {
    expander.step();
    if (expander.out().size() > limits::manifest_bytes) {
      return fail(
          ErrorCode::limit,
          fmt::format("text with variables filled in exceeds {} bytes", limits::manifest_bytes),
          "use shorter values in the environment, or split the manifest");
    }
  }
  return std::move(expander.out());
}

}  // namespace trellis::manifest
