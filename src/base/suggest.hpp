// Words that somebody who mistyped one may have meant.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace trellis {

/// The candidate that `word` is most likely a slip of: few letters apart, or one is the other with
/// a part before or behind an underscore, a hyphen or a colon ("contract" of "contract_id").
/// Nothing when none is near. Letter case does not count. Any thread.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word,
                                                 std::span<const std::string_view> candidates);

}  // namespace trellis
