#include "manifest/tree_builder.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/limits.hpp"

namespace trellis::manifest {

bool TreeBuilder::refuse(ErrorCode code, int line, std::string text) {
  if (!problem_) problem_ = Problem{code, line, std::move(text)};
  return false;
}

bool TreeBuilder::charge(const Node& node, std::size_t depth) {
  if (depth > limits::json_depth) {
    return refuse(ErrorCode::limit, node.line,
                  fmt::format("nested deeper than {} levels", limits::json_depth));
  }
  nodes_ += 1;
  bytes_ += node.text.size() + node.key.size();
  if (nodes_ > limits::manifest_values || bytes_ > limits::manifest_bytes) {
    return refuse(ErrorCode::limit, node.line,
                  fmt::format("more than {} values or {} bytes of text, aliases counted each time",
                              limits::manifest_values, limits::manifest_bytes));
  }
  for (const auto& item : node.items) {
    if (!charge(item, depth + 1)) return false;
  }
  return true;
}

bool TreeBuilder::open(Node::Kind kind, int line) {
  Frame frame;
  frame.node.kind = kind;
  frame.node.line = line;
  if (problem_ || !charge(frame.node, stack_.size() + 1)) return false;
  stack_.push_back(std::move(frame));
  return true;
}

bool TreeBuilder::close(Node* finished) {
  if (problem_) return false;
  if (stack_.empty()) return refuse(ErrorCode::internal, 0, "a value ends that never began");
  Node node = std::move(stack_.back().node);
  stack_.pop_back();
  if (finished != nullptr) *finished = node;
  attach(std::move(node));
  return true;
}

bool TreeBuilder::wants_key() const noexcept {
  return !stack_.empty() && stack_.back().node.kind == Node::Kind::map && !stack_.back().has_key;
}

bool TreeBuilder::key(std::string text, int line) {
  if (problem_) return false;
  auto& frame = stack_.back();
  bytes_ += text.size();
  if (!frame.keys.insert(text).second) {
    return refuse(ErrorCode::malformed, line,
                  fmt::format("key '{}' is given twice", text.substr(0, limits::name_bytes)));
  }
  frame.has_key = true;
  frame.key = std::move(text);
  frame.key_line = line;
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
  node.key.clear();
  if (frame.node.kind == Node::Kind::map) {
    node.key = std::move(frame.key);
    node.key_line = frame.key_line;
    frame.has_key = false;
  }
  frame.node.items.push_back(std::move(node));
}

std::expected<Node, Problem> TreeBuilder::take() {
  if (problem_) return std::unexpected(std::move(*problem_));
  return std::move(root_);
}

}  // namespace trellis::manifest
