// References to artifacts in registries: registry.example.com/echo:0.2.0 (identity.md 6.1, 6.2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "package/oci_digest.hpp"
#include "trellis/result.hpp"

namespace trellis::package {

/// A parsed reference. Plain values; any thread.
struct Reference {
  std::string text;        ///< unchanged, the key of reference maps (identity.md 6.6)
  std::string registry;    ///< host and port as written; never empty
  std::string repository;  ///< "team/echo"
  std::optional<std::string> tag;
  std::optional<ContentDigest> digest;

  /// What a manifest is asked for by: the digest, else the tag, else "latest".
  [[nodiscard]] std::string target() const;
  /// No digest, and the tag is `latest` or missing: what it names may change at any time.
  [[nodiscard]] bool means_latest() const noexcept;
};

/// Parses a whole reference. Errors: malformed (it is none, and why), unsupported (it names no
/// registry: there is no default one).
[[nodiscard]] Result<Reference> parse_reference(std::string_view text);

/// Whether `text` is HOST or HOST:PORT as it stands in a reference.
[[nodiscard]] bool is_registry_name(std::string_view text) noexcept;

/// The rule of identity.md 6.2. Error: denied, when it means `latest` and that is not allowed.
[[nodiscard]] Result<> check_latest(const Reference& reference, bool allowed);

}  // namespace trellis::package
