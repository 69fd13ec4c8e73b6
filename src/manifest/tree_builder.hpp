// Turns the events of a YAML or JSON parser into a tree, within bounds.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "manifest/node.hpp"

namespace trellis::manifest {

/// Every call returns false once something was refused; `problem()` then says what. Nesting, the
/// number of values and the bytes of all texts are bounded, so that aliases cannot multiply a small
/// document into a large tree. Used by one thread.
class TreeBuilder {
 public:
  [[nodiscard]] bool open(Node::Kind kind, Position at);
  /// Ends the innermost list or map. A copy of it is kept in `finished` when that is not null. The
  /// members of what a map has under the plain key `<<` (a map, or a list of maps) become its own,
  /// unless it has members of that name: a merge, as YAML 1.1 has it.
  [[nodiscard]] bool close(Node* finished = nullptr);
  /// Name of the next member; refused when the map has it already.
  [[nodiscard]] bool key(std::string text, Position at, bool plain = false);
  /// A scalar, or a copy of a whole subtree (an alias).
  [[nodiscard]] bool add(Node node);
  bool refuse(ErrorCode code, Position at, std::string text);

  /// Whether the innermost open value is a map that waits for a key.
  [[nodiscard]] bool wants_key() const noexcept;
  [[nodiscard]] const std::optional<Problem>& problem() const noexcept { return problem_; }
  /// The finished tree; a document without any value is a null.
  [[nodiscard]] std::expected<Node, Problem> take();

 private:
  struct Frame {
    Node node;
    std::unordered_set<std::string> keys;
    bool has_key = false;
    std::string key;
    Position key_at;
    bool plain_key = false;
    bool merges = false;  ///< has a plain key `<<`
  };

  bool charge(const Node& node, std::size_t depth);
  void attach(Node node);
  bool merge(Frame& frame);
  bool merge_map(Frame& frame, const Node& from);

  std::vector<Frame> stack_;
  Node root_;
  std::size_t nodes_ = 0;
  std::size_t bytes_ = 0;
  std::optional<Problem> problem_;
};

}  // namespace trellis::manifest
