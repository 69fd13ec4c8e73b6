// Where the next page of a list is: the Link header (RFC 8288).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace trellis::package {

/// The target of the first link whose relation is "next", as it is written: absolute or relative.
/// Parts that cannot be read are passed over. Any thread.
[[nodiscard]] std::optional<std::string> next_link(std::string_view header);

}  // namespace trellis::package
