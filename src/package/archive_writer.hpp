// Making provider archives (identity.md 4.1, 4.3).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "identity/claims.hpp"
#include "identity/keys.hpp"
#include "trellis/result.hpp"

namespace trellis::package {

/// Where the bytes of one library come from: a file, or the library of another archive.
struct LibrarySource {
  std::string target;          ///< "x86_64-linux"
  std::filesystem::path file;  ///< the library itself, or the archive that holds it
  bool in_archive = false;
};

/// Whether a text can name a platform: "x86_64-linux".
[[nodiscard]] Result<void> check_target(std::string_view target);

/// Writes an archive: hashes the libraries, signs `claims` with their hashes and lays everything
/// out as the first-party writer does, byte for byte when not compressed. The destination may be
/// one of the sources; it is replaced at the end, whole. Errors: not_found, unavailable, limit, and
/// those of signing.
[[nodiscard]] Result<void> write_archive(const std::filesystem::path& destination,
                                         identity::ProviderClaims claims,
                                         const std::vector<LibrarySource>& libraries,
                                         const identity::KeyPair& issuer, bool compress);

/// The uncompressed bytes for a token that is signed already; for archives that fit in memory.
[[nodiscard]] Bytes archive_image(std::string_view token,
                                  const std::vector<std::pair<std::string, Bytes>>& libraries);

}  // namespace trellis::package
