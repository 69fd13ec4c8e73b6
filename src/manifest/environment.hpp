// Substitution of variables in manifest text (host.md 11.1).
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trellis/result.hpp"

namespace trellis::manifest {

/// Value of a variable, or nothing when it is not set.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

/// How `${…}` is understood.
enum class Variables {
  /// `${NAME}` must be set; `${NAME:-text}`, `${NAME:?text}` and `${NAME:+text}` are as in a shell,
  /// nested ones too; `${NAME:text}` as first-party has it.
  checked,
  /// As first-party hosts do: what is not set stays as written, and whatever follows the colon is
  /// the default.
  first_party
};

/// A text with its variables replaced, and where everything came from.
struct Expanded {
  /// One `${…}`: where it stood in the source, where its value stands in the text.
  struct Replacement {
    std::size_t source_begin = 0;
    std::size_t source_end = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string name;
  };
  /// A variable that has no value. In its place stands a plain word: `mark`, its number from 0 on,
  /// and a hyphen, so that what is only in a comment harms nobody.
  struct Missing {
    std::string name;
    std::string complaint;    ///< of `${NAME:?complaint}`
    std::size_t at_byte = 0;  ///< in the source
  };

  std::string text;
  std::vector<Replacement> replacements;  ///< in order
  std::vector<Missing> missing;           ///< in order
  std::string mark;                       ///< occurs in no other place of the source
};

/// Braces are required; a doubled dollar prevents substitution; a first-party default reaches to
/// the first `}`. Blanks or `=` in a name, and line breaks anywhere between the braces, leave the
/// text unchanged. What a variable holds is not expanded again. An empty value counts as set, but
/// not for the shell's forms. Fails with `limit` when the result would exceed
/// limits::manifest_bytes. Thread-safe as far as `lookup` is.
[[nodiscard]] Result<Expanded> expand(std::string_view text, const Lookup& lookup,
                                      Variables variables = Variables::checked);

/// The text alone, as first-party hosts expand it.
[[nodiscard]] Result<std::string> expand_environment(std::string_view text, const Lookup& lookup);

}  // namespace trellis::manifest
