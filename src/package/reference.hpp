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
  std::string repository;  ///< "team/echo"; of docker.io/echo "library/echo"
  std::optional<std::string> tag;
  std::optional<ContentDigest> digest;

  /// Text that a manifest is asked for by: the digest, else the tag, else "latest".
  [[nodiscard]] std::string target() const;
  /// No digest, and the tag is `latest` or missing: what it names may change at any time.
  [[nodiscard]] bool means_latest() const noexcept;
};

/// Parses a whole reference. Errors: malformed (it is none, and why), unsupported (it names no
/// registry: there is no default one).
[[nodiscard]] Result<Reference> parse_reference(std::string_view text);

/// Whether `text` is HOST or HOST:PORT as it stands in a reference; HOST may be [IPV6].
[[nodiscard]] bool is_registry_name(std::string_view text) noexcept;

/// Whether `text` can stand behind the colon of a reference.
[[nodiscard]] bool is_tag_name(std::string_view text) noexcept;

/// HOST or HOST:PORT to connect to: of docker.io and index.docker.io registry-1.docker.io, of all
/// others themselves.
[[nodiscard]] std::string registry_server(std::string_view registry);
/// Whether both names are served by one registry: docker.io and index.docker.io are.
[[nodiscard]] bool is_same_registry(std::string_view one, std::string_view other);
/// The host that a registry is known to have its tokens given by, where that is another; else
/// empty.
[[nodiscard]] std::string_view known_token_server(std::string_view registry) noexcept;

/// The rule of identity.md 6.2. Error: denied, when it means `latest` and that is not allowed.
[[nodiscard]] Result<void> check_latest(const Reference& reference, bool allowed);

}  // namespace trellis::package
