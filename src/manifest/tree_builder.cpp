#include "manifest/tree_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/limits.hpp"

namespace trellis::manifest {
namespace {

constexpr std::string_view merge_key = "<<";

}  // namespace

bool TreeBuilder::refuse(ErrorCode code, Position at, std::string text) {
  // First problem counts: parsers that are stopped report one of their own.
  if (!problem_) problem_ = Problem{code, at, std::move(text)};
  return false;
}

// Charge of a whole subtree, since an alias adds one at once: nine aliases of nine aliases and so
// on ("billion laughs") end here. Depth bounds this recursion, and that of each reader of the tree.
bool TreeBuilder::charge(const Node& node, std::size_t depth) {
  if (depth > limits::json_depth) {
    return refuse(ErrorCode::limit, node.at,
                  fmt::format("nested deeper than {} levels", limits::json_depth));
  }
  nodes_ += 1;
  bytes_ += node.text.size() + node.key.size();
  if (nodes_ > limits::manifest_values || bytes_ > limits::manifest_bytes) {
    return refuse(ErrorCode::limit, node.at,
                  fmt::format("more than {} values or {} bytes of text, aliases counted each time",
                              limits::manifest_values, limits::manifest_bytes));
  }
  for (const auto& item : node.items) {
    if (!charge(item, depth + 1)) return false;
  }
  return true;
}

bool TreeBuilder::open(Node::Kind kind, Position at) {
  Frame frame;
  frame.node.kind = kind;
  frame.node.at = at;
  if (problem_ || !charge(frame.node, stack_.size() + 1)) return false;
  stack_.push_back(std::move(frame));
  return true;
}

bool TreeBuilder::close(Node* finished) {
  if (problem_) return false;
  if (stack_.empty()) return refuse(ErrorCode::internal, {}, "a value ends that never began");
  // Merge at the end of the map: only then is it known which members it has itself.
  if (stack_.back().merges && !merge(stack_.back())) return false;
  Node node = std::move(stack_.back().node);
  stack_.pop_back();
  if (finished != nullptr) *finished = node;
  attach(std::move(node));
  return true;
}

bool TreeBuilder::wants_key() const noexcept {
  return !stack_.empty() && stack_.back().node.kind == Node::Kind::map && !stack_.back().has_key;
}

bool TreeBuilder::merge(Frame& frame) {
  auto& items = frame.node.items;
  const auto found = std::ranges::find_if(
      items, [](const Node& item) { return item.plain_key && item.key == merge_key; });
  if (found == items.end()) return true;
  // Moved out before the erase, which moves what comes behind it.
  const Node from = std::move(*found);
  items.erase(found);
  if (from.kind == Node::Kind::map) return merge_map(frame, from);
  if (from.kind == Node::Kind::list) {
    return std::ranges::all_of(from.items, [&](const Node& one) { return merge_map(frame, one); });
  }
  return refuse(ErrorCode::malformed, from.at,
                "`<<` merges a map (`<<: *name`) or a list of maps, found neither");
}

bool TreeBuilder::merge_map(Frame& frame, const Node& from) {
  if (from.kind != Node::Kind::map) {
    return refuse(ErrorCode::malformed, from.at, "`<<` merges maps only");
  }
  for (const auto& item : from.items) {
    // Own members win, and of a list of maps the earlier ones.
    if (!frame.keys.insert(item.key).second) continue;
    if (!charge(item, stack_.size() + 1)) return false;
    frame.node.items.push_back(item);
  }
  return true;
}

bool TreeBuilder::key(std::string text, Position at, bool plain) {
  if (problem_) return false;
  auto& frame = stack_.back();
  bytes_ += text.size();
  // Twice the same key is an error: parsers differ in which one they keep, and so would hosts.
  if (!frame.keys.insert(text).second) {
    return refuse(ErrorCode::malformed, at,
                  fmt::format("key '{}' is given twice", text.substr(0, limits::name_bytes)));
  }
  frame.merges = frame.merges || (plain && text == merge_key);
  frame.has_key = true;
  frame.key = std::move(text);
  frame.key_at = at;
  frame.plain_key = plain;
  return true;
}

bool TreeBuilder::add(Node node) {
  if (problem_ || !charge(node, stack_.size() + 1)) return false;
  attach(std::move(node));
  return true;
}

void TreeBuilder::attach(Node node) {
  if (stack_.empty()) {
    root_ = std::move(node);
    return;
  }
  auto& frame = stack_.back();
  // An alias copies a node with the key it had where it was defined.
  node.key.clear();
  if (frame.node.kind == Node::Kind::map) {
    node.key = std::move(frame.key);
    node.key_at = frame.key_at;
    node.plain_key = frame.plain_key;
    frame.has_key = false;
  }
  frame.node.items.push_back(std::move(node));
}

std::expected<Node, Problem> TreeBuilder::take() {
  if (problem_) return std::unexpected(std::move(*problem_));
  return std::move(root_);
}

}  // namespace trellis::manifest
