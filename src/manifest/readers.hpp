// The two formats of a manifest. Library exceptions end here.
#pragma once

#include <expected>
#include <string_view>

#include "manifest/node.hpp"

namespace trellis::manifest {

/// Both: nesting is bounded by limits::json_depth, duplicate keys are refused, and every value
/// knows its line. `text` must be UTF-8 without control characters other than line ends and tabs.
/// They keep no state; any thread.

/// One YAML 1.2 document. Plain scalars keep the text written. Aliases are copied within
/// limits::manifest_values. A text without a document is a null.
[[nodiscard]] std::expected<Node, Problem> read_yaml(std::string_view text);

/// One JSON value (RFC 8259). A text of blanks only is a null, as an empty manifest is allowed.
[[nodiscard]] std::expected<Node, Problem> read_json(std::string_view text);

}  // namespace trellis::manifest
