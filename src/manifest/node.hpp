// The tree both manifest formats are read into: YAML and JSON with the line of every value.
#pragma once

#include <string>
#include <vector>

#include "trellis/result.hpp"

namespace trellis::manifest {

/// A place in a text. Both count from 1, columns in bytes or characters; 0 is unknown.
struct Position {
  int line = 0;
  int column = 0;
};

/// One value. Plain data; copies are deep.
struct Node {
  enum class Kind { null, string, number, boolean, list, map };

  Kind kind = Kind::null;
  Position at;              ///< where it starts; columns in bytes
  std::string text;         ///< of a scalar, as written (a YAML null may be "~", "null" or empty)
  std::string key;          ///< when it is a member of a map
  Position key_at;          ///< where the key stands
  bool plain_key = false;   ///< written without quotes
  std::vector<Node> items;  ///< of a list or a map, in the order written

  /// The member of a map, or null.
  [[nodiscard]] const Node* find(std::string_view name) const noexcept {
    for (const auto& item : items) {
      if (item.key == name) return &item;
    }
    return nullptr;
  }
};

/// Why a text was refused, and where.
struct Problem {
  ErrorCode code = ErrorCode::malformed;
  Position at;
  std::string text;
};

}  // namespace trellis::manifest
