// Provider archives: a signed description and a library for each platform (identity.md 4).
//
// A tar file, optionally inside gzip: `claims.jwt` and `<arch>-<os>.bin` for each target. Files of
// any size are read in pieces; nothing of an archive is believed before verify_provider_claims().
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/claims.hpp"
#include "trellis/result.hpp"

namespace trellis::package {

/// One library, as it lies in the archive.
struct ArchiveLibrary {
  std::string target;  ///< "x86_64-linux"
  std::uint64_t size = 0;
  std::string sha256;  ///< of its bytes, 64 upper-case hex digits
};

/// An archive that was read whole: complete, and each library has the hash its claims name. The
/// token's signature and dates have not been looked at.
struct ProviderArchive {
  std::string token;
  identity::ProviderClaims claims;
  std::vector<ArchiveLibrary> libraries;  ///< in the order of the archive
  bool compressed = false;

  [[nodiscard]] const ArchiveLibrary* find(std::string_view target) const noexcept;
};

/// The target of this program: "x86_64-linux".
[[nodiscard]] std::string this_target();

/// Reads and checks an archive (identity.md 4.2). Errors: malformed (damaged, incomplete, a wrong
/// hash), unsupported (links and other entries that archives do not have), limit, unavailable. Any
/// thread; blocks on the file system.
[[nodiscard]] Result<ProviderArchive> read_archive(const std::filesystem::path& path);

/// Hands the bytes of one library to `take`, a piece at a time. An error of `take` ends it.
[[nodiscard]] Result<void> read_library(const std::filesystem::path& path, std::string_view target,
                                        const std::function<Result<void>(ByteView)>& take);

}  // namespace trellis::package
