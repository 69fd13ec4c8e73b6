// The JSON reader: nlohmann's events into a tree. The library knows no places of values, so that an
// iterator counts what it takes.
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "json/json.hpp"
#include "manifest/readers.hpp"
#include "manifest/tree_builder.hpp"

namespace trellis::manifest {
namespace {

/// Cursor: how far the parser has read, and where the last tokens began. It looks one character
/// ahead after a number, so that the last token may be the one behind it.
class Cursor {
 public:
  void consume(char c) noexcept {
    ++here_.column;
    if (in_text_) {
      in_text_ = escaped_ || c != '"';
      escaped_ = !escaped_ && c == '\\';
    } else if (c == '\n') {
      here_ = {here_.line + 1, 0};
      in_word_ = false;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      in_word_ = false;
    } else {
      begin_token(c);
    }
  }
  [[nodiscard]] Position token() const noexcept { return token_; }
  [[nodiscard]] Position number() const noexcept { return after_word_ ? before_ : token_; }

 private:
  void begin_token(char c) noexcept {
    // Punctuation and quotes are tokens of their own, also right behind a number.
    const bool mark = std::string_view("{}[],:\"").contains(c);
    if (in_word_ && !mark) return;
    after_word_ = in_word_ && mark;
    before_ = std::exchange(token_, here_);
    in_text_ = c == '"';
    in_word_ = !mark;
  }

  Position here_{1, 0};
  Position token_{1, 1};
  Position before_{1, 1};
  bool in_text_ = false;
  bool escaped_ = false;
  bool in_word_ = false;     ///< in a number or a literal
  bool after_word_ = false;  ///< the last token came right behind one
};

/// Input iterator that tells the cursor of every character the parser takes.
class TrackedIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  TrackedIterator(const char* at, Cursor* cursor) noexcept : at_(at), cursor_(cursor) {}
  reference operator*() const noexcept { return *at_; }
  TrackedIterator& operator++() noexcept {
    cursor_->consume(*at_++);
    return *this;
  }
  TrackedIterator operator++(int) noexcept {
    auto old = *this;
    ++*this;
    return old;
  }
  bool operator==(const TrackedIterator& other) const noexcept { return at_ == other.at_; }

 private:
  const char* at_;
  Cursor* cursor_;
};

/// nlohmann's SAX interface; returning false stops the parser.
class JsonHandler final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit JsonHandler(const Cursor& cursor) : cursor_(cursor) {}
  TreeBuilder tree;

  bool null() override { return scalar(Node::Kind::null, "null"); }
  bool boolean(bool value) override {
    return scalar(Node::Kind::boolean, value ? "true" : "false");
  }
  bool number_integer(number_integer_t value) override {
    return scalar(Node::Kind::number, std::to_string(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return scalar(Node::Kind::number, std::to_string(value));
  }
  bool number_float(number_float_t, const string_t& text) override {
    return scalar(Node::Kind::number, text);
  }
  bool string(string_t& value) override { return scalar(Node::Kind::string, std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return tree.open(Node::Kind::map, cursor_.token()); }
  bool key(string_t& value) override { return tree.key(std::move(value), cursor_.token()); }
  bool end_object() override { return tree.close(); }
  bool start_array(std::size_t) override { return tree.open(Node::Kind::list, cursor_.token()); }
  bool end_array() override { return tree.close(); }
  bool parse_error(std::size_t, const std::string& token,
                   const nlohmann::json::exception& error) override {
    // Library's text starts with its own tag; the part behind the last ": " is for people.
    const std::string_view what = error.what();
    const auto reason = what.rfind(": ");
    return tree.refuse(ErrorCode::malformed, cursor_.token(),
                       fmt::format("not valid JSON near '{}': {}", token.substr(0, 40),
                                   reason == what.npos ? what : what.substr(reason + 2)));
  }

 private:
  bool scalar(Node::Kind kind, std::string text) {
    Node node;
    node.kind = kind;
    node.at = kind == Node::Kind::number ? cursor_.number() : cursor_.token();
    node.text = std::move(text);
    return tree.add(std::move(node));
  }

  const Cursor& cursor_;
};

}  // namespace

std::expected<Node, Problem> read_json(std::string_view text) {
  // Empty files are empty manifests (host.md 11), which the library would refuse.
  if (trim(text).empty()) return Node{};
  Cursor cursor;
  JsonHandler handler(cursor);
  try {
    const bool complete =
        // Events instead of the library's own tree: bounds hold while it reads, and a key that is
        // given twice is seen.
        nlohmann::json::sax_parse(TrackedIterator(text.data(), &cursor),
                                  TrackedIterator(text.data() + text.size(), &cursor), &handler);
    if (!complete) handler.tree.refuse(ErrorCode::malformed, cursor.token(), "not valid JSON");
  } catch (const std::exception& error) {
    handler.tree.refuse(ErrorCode::malformed, cursor.token(), error.what());
  }
  return handler.tree.take();
}

}  // namespace trellis::manifest
