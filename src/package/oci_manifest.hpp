// Manifests and the other JSON texts of registries (identity.md 6.3, 6.4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "package/oci_digest.hpp"
#include "trellis/result.hpp"

namespace trellis::package {

/// What an artifact is, which decides its media types when it is pushed. A host takes every layer
/// type for both kinds and decides by parsing the bytes.
enum class ArtifactKind : std::uint8_t { actor, provider };

/// "actor" or "provider".
[[nodiscard]] std::string_view to_string(ArtifactKind kind) noexcept;
[[nodiscard]] std::string_view layer_media_type(ArtifactKind kind) noexcept;
[[nodiscard]] std::string_view config_media_type(ArtifactKind kind) noexcept;
/// Whether a pulled layer may have this type.
[[nodiscard]] bool is_accepted_layer_type(std::string_view media_type) noexcept;
/// Whether it is a type of file system layers: a tar, perhaps in gzip, in which the artifact may
/// be.
[[nodiscard]] bool is_file_layer_type(std::string_view media_type) noexcept;

inline constexpr std::string_view oci_manifest_type = "application/vnd.oci.image.manifest.v1+json";
/// `Accept` of manifest and blob requests: that of identity.md 6.4, and indexes.
inline constexpr std::string_view accepted_manifest_types =
    "application/vnd.docker.distribution.manifest.v2+json,"
    "application/vnd.docker.distribution.manifest.list.v2+json,"
    "application/vnd.oci.image.manifest.v1+json,"
    "application/vnd.oci.image.index.v1+json";

/// A blob as a manifest describes it; `size` in bytes.
struct BlobDescriptor {
  std::string media_type;
  ContentDigest digest;
  std::uint64_t size = 0;
};

/// The image to take where a reference names an index of several; nothing where it names no index.
/// First come those for WebAssembly, then those for no platform, then `machine`'s ("linux/amd64"),
/// then the only one. Errors: malformed, unsupported (none fits).
[[nodiscard]] Result<std::optional<ContentDigest>> choose_image(std::string_view json,
                                                                std::string_view machine);
/// "linux/amd64": this machine as indexes name it.
[[nodiscard]] std::string this_platform();

/// The one layer of an image manifest. Errors: malformed, unsupported (schema version, an index, no
/// layer, several, or a layer of another type). The config is not looked at.
[[nodiscard]] Result<BlobDescriptor> read_manifest(std::string_view json);

/// The manifest as the first-party pusher writes it, byte for byte.
[[nodiscard]] std::string write_manifest(const BlobDescriptor& config, const BlobDescriptor& layer);

/// The tags of one page of a list. Errors: malformed (a tag that none can be).
[[nodiscard]] Result<std::vector<std::string>> read_tags(std::string_view json);

/// `token`, else `access_token`, of a token server's answer. Errors: malformed (neither, or not
/// fit for a header).
[[nodiscard]] Result<std::string> read_token(std::string_view json);

/// ": CODE: message" of a registry's error answer, fit for a terminal; empty when it has none.
[[nodiscard]] std::string read_registry_error(std::string_view json);

}  // namespace trellis::package
