// Kinds of the files that come from a registry or go to one (cli.md 5).
#pragma once

#include <filesystem>

#include "package/oci_manifest.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"

namespace trellis::cli {

/// A module with a valid token of its own is an actor, a provider archive a provider. Errors:
/// unsupported (neither), or why it is not valid.
[[nodiscard]] Result<package::ArtifactKind> artifact_kind_of(const std::filesystem::path& file,
                                                             WallTime now);

/// ".wasm" or ".par.gz".
[[nodiscard]] std::string_view extension_of(package::ArtifactKind kind) noexcept;

}  // namespace trellis::cli
