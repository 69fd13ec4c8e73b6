// Where libraries of archives are unpacked to, so that they can be loaded (identity.md 5.2).
#pragma once

#include <filesystem>
#include <string>

#include "base/random.hpp"
#include "identity/admission.hpp"
#include "package/archive.hpp"
#include "package/cache_file.hpp"
#include "trellis/clock.hpp"

namespace trellis::package {

/// An archive that was verified in full, and this machine's library of it.
struct ExtractedProvider {
  identity::ProviderClaims claims;
  std::filesystem::path library;  ///< in the store; not to be changed
  CacheHold hold;                 ///< it stays there as long as this does
};

/// Verifies the token (signature, times, keys, issuer) and all hashes, and puts the library for
/// this machine into `folder` (made with mode 0700; refused when it is another user's). Files are
/// named by their hash, written whole or not at all, and hashed again each time they are used. Any
/// thread, and several processes at one time. Errors: those of read_archive and of admission;
/// unsupported (nothing for this platform).
[[nodiscard]] Result<ExtractedProvider> extract_provider(const std::filesystem::path& archive,
                                                         const std::filesystem::path& folder,
                                                         const identity::AdmissionPolicy& policy,
                                                         WallTime now, Random& random);

/// Whether a file begins as an archive does: gzip, or a tar with claims first. Others are taken for
/// libraries.
[[nodiscard]] bool looks_like_archive(const std::filesystem::path& file);

}  // namespace trellis::package
