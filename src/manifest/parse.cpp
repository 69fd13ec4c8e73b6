// From the text of a manifest to a tree, with one error for whatever is wrong.
#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <set>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "manifest/manifest.hpp"
#include "manifest/manifest_reader.hpp"
#include "manifest/readers.hpp"

namespace trellis::manifest {
namespace {

/// Variables that one message names at most.
constexpr std::size_t max_named = 8;

/// Place of the first control character: no text format allows one raw, and yaml-cpp would take
/// some as an end mark.
std::optional<std::size_t> control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool white = byte == '\n' || byte == '\r' || byte == '\t';
    if ((byte < 0x20 && !white) || byte == 0x7f) return i;
  }
  return std::nullopt;
}

// Editors of Windows write it; neither parser takes it for blank.
std::string without_mark_of_byte_order(std::string_view text) {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  if (text.starts_with(mark)) text.remove_prefix(mark.size());
  return std::string(text);
}

/// One text on its way to a tree.
class Parser {
 public:
  Parser(std::string_view source, const Expanded& expanded, Format format,
         const ParseOptions& options)
      : places_(source, expanded), expanded_(expanded), format_(format), options_(options) {}

  Result<Manifest> parse() {
    // Text first: both parsers rely on UTF-8 without control characters.
    if (auto ok = check_text(); !ok) return pass(ok);
    const auto root =
        format_ == Format::yaml ? read_yaml(expanded_.text) : read_json(expanded_.text);
    if (!root) return syntax_error(root.error());
    // Variables before types: a port that is no number because its variable is missing is told as
    // the latter.
    if (auto ok = check_variables(*root); !ok) return pass(ok);
    return read_manifest(*root, format_, options_, places_);
  }

 private:
  [[nodiscard]] std::string at(const Position& place) const {
    return fmt::format("{}:{}:{}: ", options_.file, place.line, place.column);
  }

  [[nodiscard]] Result<void> check_text() const {
    const std::string_view text = expanded_.text;
    if (text.size() > limits::manifest_bytes) {
      return fail(ErrorCode::limit,
                  fmt::format("{}: larger than {} bytes", options_.file, limits::manifest_bytes),
                  "split the manifest");
    }
    if (!is_utf8(text)) {
      return fail(ErrorCode::malformed, fmt::format("{}: not valid UTF-8", options_.file),
                  "save the file as UTF-8");
    }
    if (const auto found = control_character(text)) {
      return fail(ErrorCode::malformed, at(places_.of_byte(*found)) + "holds a control character",
                  "remove it, or write it as an escape in double quotes");
    }
    return {};
  }

  [[nodiscard]] std::unexpected<Error> syntax_error(const Problem& problem) const {
    const auto place = places_.of(problem.at);
    // Missing variables are told first where they may be the cause: in JSON anywhere, since it has
    // no place where the word for one would do no harm, in YAML on the same line.
    for (const auto& missing : expanded_.missing) {
      const bool there = places_.of_source_byte(missing.at_byte).line == place.line;
      if (format_ == Format::json || there) return not_set({&missing});
    }
    // Tabs are looked for because yaml-cpp's own words for them, often lines further down, name
    // something else.
    if (const auto tab = tab_before(place.line)) {
      return fail(problem.code, at(*tab) + "expected blanks for the indentation, found a tab",
                  "YAML allows no tabs there: replace each by blanks");
    }
    return fail(problem.code, at(place) + problem.text, syntax_remedy(place.line));
  }

  /// A tab in the indentation of this line or one before, hyphens of lists included.
  [[nodiscard]] std::optional<Position> tab_before(int line) const {
    if (format_ != Format::yaml) return std::nullopt;
    for (int number = 1; number <= line; ++number) {
      const auto text = places_.source_line(number);
      const auto end = text.find_first_not_of(" \t\r-");
      if (end == std::string_view::npos || text[end] == '#') continue;
      const auto tab = text.substr(0, end).find('\t');
      if (tab != std::string_view::npos) return Position{number, static_cast<int>(tab) + 1};
    }
    return std::nullopt;
  }

  [[nodiscard]] std::string syntax_remedy(int line) const {
    // Values with quotes or colons break the line they are put into; the file itself looks right.
    if (const auto names = places_.variables_on(line); !names.empty()) {
      return fmt::format("the value of {} is part of that line: put ${{…}} in quotes",
                         fmt::join(names, " and of "));
    }
    if (places_.source_line(line).contains("${")) {
      return "`${` on that line begins no variable: a name has no blanks and ends with `}`; in "
             "quotes "
             "it is text";
    }
    return format_ == Format::yaml ? "check indentation, quotes and brackets near that line"
                                   : "write JSON, or name the file .yaml when it holds YAML";
  }

  /// Missing variables matter where they are part of the tree: comments may say what they like.
  [[nodiscard]] Result<void> check_variables(const Node& root) const {
    if (expanded_.missing.empty()) return {};
    std::set<std::size_t> used;
    collect(root, used);
    if (used.empty()) return {};
    std::vector<const Expanded::Missing*> missing;
    for (const auto index : used) missing.push_back(&expanded_.missing[index]);
    return not_set(missing);
  }

  void collect(const Node& node, std::set<std::size_t>& used) const {
    collect(node.key, used);
    collect(node.text, used);
    for (const auto& item : node.items) collect(item, used);
  }

  void collect(std::string_view text, std::set<std::size_t>& used) const {
    for (auto found = text.find(expanded_.mark); found != std::string_view::npos;
         found = text.find(expanded_.mark, found + 1)) {
      std::size_t index = 0;
      const auto number = text.substr(found + expanded_.mark.size());
      std::from_chars(number.data(), number.data() + number.size(), index);
      if (index < expanded_.missing.size()) used.insert(index);
    }
  }

  [[nodiscard]] std::unexpected<Error> not_set(
      const std::vector<const Expanded::Missing*>& missing) const {
    const auto& first = *missing.front();
    auto text = fmt::format("{}expected a value for ${{{}}}, found none: the variable is not set",
                            at(places_.of_source_byte(first.at_byte)), first.name);
    if (!first.complaint.empty()) text += ": " + excerpt(first.complaint, 200);
    std::string others;
    for (std::size_t i = 1; i < std::min(missing.size(), max_named); ++i) {
      others += fmt::format("{}{} (line {})", others.empty() ? "" : ", ", missing[i]->name,
                            places_.of_source_byte(missing[i]->at_byte).line);
    }
    if (!others.empty()) text += "; nor is " + others;
    return fail(
        ErrorCode::malformed, text,
        fmt::format("set {0} in the environment, or give a default: ${{{0}:-text}}", first.name));
  }

  const Places places_;
  const Expanded& expanded_;
  const Format format_;
  const ParseOptions& options_;
};

}  // namespace

Result<Manifest> parse(std::string_view text, Format format, const ParseOptions& options) {
  Expanded expanded;
  // No replacements: source and text are the same here.
  expanded.text = without_mark_of_byte_order(text);
  return Parser(expanded.text, expanded, format, options).parse();
}

Result<Manifest> read(std::string_view source, Format format, const Lookup& lookup,
                      const ParseOptions& options) {
  if (!lookup) return parse(source, format, options);
  const auto text = without_mark_of_byte_order(source);
  auto expanded =
      expand(text, lookup, options.lenient ? Variables::first_party : Variables::checked);
  if (!expanded) {
    expanded.error().message.insert(0, options.file + ": ");
    return pass(expanded);
  }
  return Parser(text, *expanded, format, options).parse();
}

}  // namespace trellis::manifest
