// Substitution of `${NAME}` and `${NAME:default}` in manifest text (host.md 11.1).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "trellis/result.hpp"

namespace trellis::manifest {

/// Value of a variable, or nothing when it is not set. An empty value counts as set.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

/// The text with variables replaced. Braces are required; an unset variable without a default stays
/// as written; a doubled dollar prevents substitution; a default reaches to the first `}`. Blanks
/// or `=` in a name, and line breaks anywhere between the braces, leave the text unchanged. What a
/// variable holds is not expanded again.
/// Fails with `limit` when the result would exceed limits::manifest_bytes. Thread-safe as far as
/// `lookup` is.
[[nodiscard]] Result<std::string> expand_environment(std::string_view text, const Lookup& lookup);

}  // namespace trellis::manifest
