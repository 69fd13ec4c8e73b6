// Places in a manifest as it was written.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/environment.hpp"
#include "manifest/node.hpp"

namespace trellis::manifest {

/// Translates places in a text whose variables were replaced into places in its source: a long
/// value moves what follows it, and one with line ends even changes lines. One thread; the texts
/// outlive this.
class Places {
 public:
  /// Places of a text that was parsed as it was written.
  explicit Places(std::string_view text) : Places(text, text, nullptr) {}
  Places(std::string_view source, const Expanded& expanded)
      : Places(source, expanded.text, &expanded.replacements) {}

  /// Line and column, in characters, of the source.
  [[nodiscard]] Position of(const Position& position) const;
  [[nodiscard]] Position of_byte(std::size_t offset) const {
    return of_source_byte(source_byte(offset));
  }
  [[nodiscard]] Position of_source_byte(std::size_t offset) const;
  /// Names of the variables whose values stand on this line of the source, each once.
  [[nodiscard]] std::vector<std::string> variables_on(int source_line) const;
  /// The line of the source, without its end.
  [[nodiscard]] std::string_view source_line(int line) const;

 private:
  Places(std::string_view source, std::string_view text,
         const std::vector<Expanded::Replacement>* replacements);
  [[nodiscard]] std::size_t source_byte(std::size_t offset) const;

  std::string_view source_;
  std::string_view text_;
  const std::vector<Expanded::Replacement>* replacements_;  ///< null: none
  std::vector<std::size_t> source_lines_;                   ///< where each begins
  std::vector<std::size_t> text_lines_;
};

}  // namespace trellis::manifest
