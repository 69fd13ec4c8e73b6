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

/// Reference of one `${…}`: the text between its braces, taken apart.
struct Reference {
  std::string_view name;
  /// Form of the reference, by what follows the name: nothing, ':' for a first-party default, or
  /// the shell's '-', '?', '+'.
  char form = 0;
  std::string_view word;
  std::size_t end = 0;  ///< behind the closing brace
};

constexpr std::string_view shell_forms = "-?+";
/// Depth of references inside of words; also bounds how often one text is looked through.
constexpr int deepest_reference = 8;

/// Run of one expansion: all that a text and the words inside of it have in common.
struct Run {
  const Lookup& lookup;
  Variables variables;
  std::string mark;  ///< how the words for missing variables begin
  std::vector<Expanded::Missing> missing = {};
};

// Expander of one text, or of the word of a reference inside it. It runs on the text before any
// parser has seen it (host.md 11.1): a variable in a comment is replaced as well, and one value can
// hold several lines of YAML.
class Expander {
 public:
  /// `outer` is the place in the source of the reference whose word this is.
  Expander(std::string_view text, Run& run, std::optional<std::size_t> outer = std::nullopt)
      : text_(text), run_(run), outer_(outer), name_end_(text, ":} \t=\r\n"), end_(text, "}\r\n") {}

  /// False when the result is too long.
  bool expand() {
    // Bound on the output while it grows: values come from the environment and may each be large.
    while (at_ < text_.size() && out_.size() <= limits::manifest_bytes) step();
    return out_.size() <= limits::manifest_bytes;
  }
  [[nodiscard]] std::string& out() { return out_; }
  [[nodiscard]] std::vector<Expanded::Replacement>& replacements() { return replacements_; }

 private:
  /// Copies or replaces what comes next.
  void step() {
    const auto rest = text_.substr(at_);
    if (!rest.starts_with('$')) return copy_to(text_.find('$', at_));
    // Doubled dollars stay doubled (host.md 11.1), so that a first-party host reads the same text.
    if (rest.starts_with("$${")) return copy_to(at_ + 3);
    if (rest.starts_with("$$")) return copy_to(at_ + 2);
    if (!rest.starts_with("${")) return copy_to(at_ + 1);
    const auto reference = parse(at_ + 2);
    // Text that is no reference is passed over by two characters only: another may begin inside of
    // it.
    if (!reference) return copy_to(at_ + 2);
    substitute(*reference);
  }

  void copy_to(std::size_t end) {
    end = std::min(end, text_.size());
    out_ += text_.substr(at_, end - at_);
    at_ = end;
  }

  std::optional<Reference> parse(std::size_t begin) {
    // Names end at any of the characters that first-party takes for the end of an attempt. Both
    // searches remember their finds: a megabyte of "${" would else be scanned once for each.
    const auto colon = name_end_.from(begin);
    if (colon == begin || colon == text_.size()) return std::nullopt;
    Reference reference{text_.substr(begin, colon - begin), 0, {}, colon + 1};
    if (text_[colon] == '}') return reference;
    if (text_[colon] != ':') return std::nullopt;
    auto end = end_.from(colon + 1);
    if (end == text_.size() || text_[end] != '}') return std::nullopt;
    auto word = colon + 1;
    reference.form = ':';
    // First-party defaults that begin with '-', '?' or '+' change their meaning here; `--lenient`
    // restores it (host.md 11.1).
    if (run_.variables == Variables::checked && shell_forms.contains(text_[word])) {
      reference.form = text_[word++];
      const auto closed = word_end(word);
      if (!closed) return std::nullopt;
      end = *closed;
    }
    reference.word = text_.substr(word, end - word);
    reference.end = end + 1;
    return reference;
  }

  /// The brace that closes a word with references inside.
  [[nodiscard]] std::optional<std::size_t> word_end(std::size_t at) const {
    for (int depth = 1;; ++at) {
      at = text_.find_first_of("}$\r\n", at);
      if (at == std::string_view::npos || text_[at] == '\r' || text_[at] == '\n')
        return std::nullopt;
      if (text_[at] == '}' && --depth == 0) return at;
      const bool opens = text_.substr(at).starts_with("${");
      if (opens && ++depth > deepest_reference) return std::nullopt;
    }
  }

  void substitute(const Reference& reference) {
    auto value = run_.lookup(reference.name);
    // Two notions of being set: empty counts for the first-party form, and not for the shell's.
    const bool filled = value && !value->empty();
    std::optional<std::string> result;
    switch (reference.form) {
      case 0: result = std::move(value); break;
      case ':': result = value ? std::move(*value) : std::string(reference.word); break;
      case '-': result = filled ? std::move(*value) : word_of(reference); break;
      case '+': result = filled ? word_of(reference) : std::string(); break;
      default:
        if (filled) result = std::move(value);
    }
    // Unset variables of a first-party manifest stay as written.
    if (!result && run_.variables == Variables::first_party) return copy_to(reference.end);
    const auto begin = out_.size();
    out_ += result ? *result : mark_missing(reference);
    // Places are kept for messages: a parser's line 40 may be line 3 of the file.
    replacements_.push_back({at_, reference.end, begin, out_.size(), std::string(reference.name)});
    at_ = reference.end;
  }

  std::string word_of(const Reference& reference) {
    // Words may hold references (host.md 11.1). Values of variables are never expanded again: the
    // environment is data.
    Expander inner(reference.word, run_, outer_.value_or(at_));
    static_cast<void>(inner.expand());  // what is too long is too long out here as well
    return std::move(inner.out());
  }

  std::string mark_missing(const Reference& reference) {
    // Missing variables are no error yet: only the parser knows whether this is a comment. The word
    // that stands for them is found again in the tree.
    auto mark = fmt::format("{}{}-", run_.mark, run_.missing.size());
    run_.missing.push_back(
        {std::string(reference.name), std::string(reference.word), outer_.value_or(at_)});
    return mark;
  }

  std::string_view text_;
  Run& run_;
  std::optional<std::size_t> outer_;
  NextOf name_end_;
  NextOf end_;
  std::size_t at_ = 0;
  std::string out_;
  std::vector<Expanded::Replacement> replacements_;
};

}  // namespace

Result<Expanded> expand(std::string_view text, const Lookup& lookup, Variables variables) {
  Run run{lookup, variables, "unset-variable-"};
  // A mark that the source has nowhere, or a text of its own would count as missing.
  while (text.contains(run.mark)) run.mark += "x-";
  Expander expander(text, run);
  if (!expander.expand()) {
    return fail(
        ErrorCode::limit,
        fmt::format("text with variables filled in exceeds {} bytes", limits::manifest_bytes),
        "use shorter values in the environment, or split the manifest");
  }
  return Expanded{std::move(expander.out()), std::move(expander.replacements()),
                  std::move(run.missing), std::move(run.mark)};
}

Result<std::string> expand_environment(std::string_view text, const Lookup& lookup) {
  auto expanded = expand(text, lookup, Variables::first_party);
  if (!expanded) return pass(expanded);
  return std::move(expanded->text);
}

}  // namespace trellis::manifest
