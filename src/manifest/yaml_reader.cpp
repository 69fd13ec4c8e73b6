// The YAML reader: yaml-cpp's events into a tree. Its own tree is not used: it guesses types, loses
// places of nulls, and copies aliases without any bound.
#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <utility>

#include "manifest/readers.hpp"
#include "manifest/tree_builder.hpp"

namespace trellis::manifest {
namespace {

/// Thrown by the event handler to leave the parser; the tree knows why.
struct Stop {};

/// The scanner reads ahead through every open bracket before it hands out the first, so their
/// number bounds its memory. Brackets in texts count too, which no real manifest notices.
constexpr int bracket_depth = 1000;

// First place with too many open brackets, found before the library reads anything.
std::optional<Position> place_of_deep_brackets(std::string_view text) {
  int depth = 0;
  Position at{1, 0};
  for (const char c : text) {
    ++at.column;
    if (c == '\n') at = {at.line + 1, 0};
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (depth > bracket_depth) return at;
  }
  return std::nullopt;
}

/// yaml-cpp reports a null without its text, but a plain `~` in a manifest means the text "~"
/// (host.md 11). So the text is read again at the position reported. An empty node is reported
/// where the next token starts; when that is a value of ours and not a key, a colon follows it.
class NullText {
 public:
  explicit NullText(std::string_view source) : source_(source) {}

  [[nodiscard]] std::string_view at(int position, bool is_key) const {
    auto rest = source_.substr(std::min(static_cast<std::size_t>(position), source_.size()));
    // Anchors of a null stand before its text, and the position reported is theirs.
    while (rest.starts_with('&')) rest = after_anchor(rest);
    for (const std::string_view word : {"~", "null", "Null", "NULL"}) {
      if (rest.starts_with(word) && ends_scalar(rest.substr(word.size()), is_key)) return word;
    }
    return {};
  }

  /// The own place of an empty node: behind the text before it.
  [[nodiscard]] Position place_before(int position, int line) const {
    auto at = std::min(static_cast<std::size_t>(position), source_.size());
    while (at > 0 && blanks.find(source_[at - 1]) != blanks.npos) {
      if (source_[--at] == '\n') --line;
    }
    const auto line_end = at == 0 ? source_.npos : source_.rfind('\n', at - 1);
    const auto start = line_end == source_.npos ? 0 : line_end + 1;
    return {std::max(line, 1), static_cast<int>(at - start) + 1};
  }

 private:
  static constexpr std::string_view blanks = " \t\r\n";

  static bool ends_scalar(std::string_view rest, bool is_key) {
    const auto next = rest.find_first_not_of(" \t");
    if (next == rest.npos) return true;
    const char c = rest[next];
    // Colon: the word is the key that follows an empty value, unless a key is what is waited for.
    if (c == ':') return is_key;
    return c == '\r' || c == '\n' || c == ',' || c == ']' || c == '}' || (c == '#' && next > 0);
  }

  static std::string_view after_anchor(std::string_view text) {
    const auto end = std::min(text.find_first_of(blanks), text.size());
    text.remove_prefix(end);
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    return text;
  }

  std::string_view source_;
};

class YamlHandler final : public YAML::EventHandler {
 public:
  explicit YamlHandler(std::string_view source) : null_text_(source) {}
  TreeBuilder tree;

  void OnDocumentStart(const YAML::Mark& mark) override {
    // One document only: which of several is meant is not for a host to guess.
    if (++documents_ > 1) refuse(ErrorCode::unsupported, mark, "more than one YAML document");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto text = null_text_.at(mark.pos, tree.wants_key());
    const auto at =
        text.empty() ? null_text_.place_before(mark.pos, mark.line + 1) : place_of(mark);
    scalar(Node::Kind::null, std::string(text), at, anchor, true);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    // Tag "?": plain, that is without quotes, which only matters for the merge key.
    scalar(Node::Kind::string, value, place_of(mark), anchor, tag == "?");
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    // Anchors are known once their value is complete; an alias before that would be a loop.
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      refuse(ErrorCode::malformed, mark, "an alias stands inside the value it names");
    }
    if (tree.wants_key()) return as_key(found->second, place_of(mark), false);
    Node copy = found->second;
    copy.at = place_of(mark);
    check(tree.add(std::move(copy)));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::list, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::map, mark, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  // Exceptions are the only way out of the library's parser; they end in read_yaml().
  static void check(bool accepted) {
    if (!accepted) throw Stop{};
  }
  [[noreturn]] void refuse(ErrorCode code, const YAML::Mark& mark, std::string text) {
    tree.refuse(code, place_of(mark), std::move(text));
    throw Stop{};
  }
  static Position place_of(const YAML::Mark& mark) {
    return {std::max(mark.line + 1, 1), std::max(mark.column + 1, 1)};
  }

  void open(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (tree.wants_key()) refuse(ErrorCode::malformed, mark, "a key must be plain text");
    check(tree.open(kind, place_of(mark)));
    open_anchors_.push_back(anchor);
  }

  void close() {
    const auto anchor = open_anchors_.back();
    open_anchors_.pop_back();
    // Copies of anchored values only: most documents have none.
    check(tree.close(anchor == 0 ? nullptr : &anchors_[anchor]));
  }

  void scalar(Node::Kind kind, std::string text, Position at, YAML::anchor_t anchor, bool bare) {
    Node node;
    node.kind = kind;
    node.at = at;
    node.text = std::move(text);
    if (anchor != 0) anchors_[anchor] = node;
    if (tree.wants_key()) return as_key(node, at, bare);
    check(tree.add(std::move(node)));
  }

  void as_key(const Node& node, Position at, bool bare) {
    const bool plain = node.kind == Node::Kind::string || node.kind == Node::Kind::null;
    if (!plain) check(tree.refuse(ErrorCode::malformed, at, "a key must be plain text"));
    check(tree.key(node.text, at, bare));
  }

  NullText null_text_;
  int documents_ = 0;
  std::vector<YAML::anchor_t> open_anchors_;
  std::map<YAML::anchor_t, Node> anchors_;
};

}  // namespace

std::expected<Node, Problem> read_yaml(std::string_view text) {
  if (const auto at = place_of_deep_brackets(text)) {
    return std::unexpected(Problem{ErrorCode::limit, *at, "too many open brackets"});
  }
  YamlHandler handler(text);
  try {
    // The library reads streams only.
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(handler)) {
    }
  } catch (const Stop&) {
    return handler.tree.take();
  } catch (const YAML::Exception& error) {
    handler.tree.refuse(ErrorCode::malformed,
                        {std::max(error.mark.line + 1, 1), std::max(error.mark.column + 1, 1)},
                        fmt::format("not valid YAML: {}", error.msg));
  } catch (const std::exception& error) {
    handler.tree.refuse(ErrorCode::malformed, {1, 1},
                        fmt::format("not valid YAML: {}", error.what()));
  }
  return handler.tree.take();
}

}  // namespace trellis::manifest
