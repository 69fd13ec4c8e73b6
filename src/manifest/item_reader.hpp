// Checked access to the values of one map of a manifest: types, bounds, unknown keys.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "manifest/manifest.hpp"
#include "manifest/node.hpp"
#include "manifest/places.hpp"

namespace trellis::manifest {

/// Rules what a text may be. All kinds are bounded and must not be empty.
enum class TextRule {
  name,  ///< link names, contract ids (lattice.md 1.2): no blanks, control characters, `*`, `>`
  reference,  ///< paths, images, keys: no control characters
  key,        ///< of labels and values: no control characters
  value,      ///< any text, may be empty
};

/// Context of one manifest, which makes its errors and warnings. Used by one thread.
class Context {
 public:
  Context(const ParseOptions& options, Format format, const Places& places,
          std::vector<std::string>& warnings)
      : options_(options), format_(format), places_(places), warnings_(warnings) {}

  [[nodiscard]] Format format() const noexcept { return format_; }
  [[nodiscard]] std::unexpected<Error> refuse(const Position& at, std::string_view path,
                                              std::string_view text, std::string remedy,
                                              ErrorCode code = ErrorCode::malformed) const;
  /// Keeps the warning, or makes it an error when strict.
  [[nodiscard]] Result<void> warn(const Position& at, std::string_view path, std::string_view text,
                                  std::string remedy);

  [[nodiscard]] Result<void> expect(const Node& node, Node::Kind kind, std::string_view path) const;
  [[nodiscard]] Result<std::string> text(const Node& node, std::string_view path,
                                         TextRule rule) const;
  [[nodiscard]] Result<std::uint32_t> number(const Node& node, std::string_view path,
                                             std::uint32_t low, std::uint32_t high) const;
  /// A member that may be missing or null.
  [[nodiscard]] Result<std::optional<std::uint32_t>> optional_number(const Node& map,
                                                                     std::string_view path,
                                                                     std::string_view key,
                                                                     std::uint32_t low,
                                                                     std::uint32_t high) const;
  /// A member that must be there.
  [[nodiscard]] Result<std::string> required_text(const Node& map, std::string_view path,
                                                  std::string_view key, TextRule rule) const;
  /// `link_name` of a map: "default" when it is missing or null.
  [[nodiscard]] Result<std::string> link_name(const Node& map, std::string_view path) const;
  /// Refuses each key of `map` that is not in `known`, saying what may have been meant. Lenient
  /// reading only warns of it.
  [[nodiscard]] Result<void> known_keys(const Node& map, std::string_view path,
                                        std::initializer_list<std::string_view> known);
  /// Warns of unknown keys of the manifest itself: they are of no concern to a host (host.md 11);
  /// keys that begin with `x-` are not even warned of.
  [[nodiscard]] Result<void> known_parts(const Node& root,
                                         std::initializer_list<std::string_view> known);
  /// In the source, for people.
  [[nodiscard]] Position place_of(const Position& at) const { return places_.of(at); }

 private:
  [[nodiscard]] std::string place(const Position& at, std::string_view path) const;

  const ParseOptions& options_;
  Format format_;
  const Places& places_;
  std::vector<std::string>& warnings_;
};

/// The member, or null when it is missing or null.
[[nodiscard]] const Node* present(const Node& map, std::string_view key) noexcept;
/// "links[0]" and "actor" give "links[0].actor"; an empty path gives the key alone.
[[nodiscard]] std::string join_path(std::string_view path, std::string_view key);

}  // namespace trellis::manifest
