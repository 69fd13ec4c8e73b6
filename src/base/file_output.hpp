// Writing files so that a crash or a full disk never leaves half of one.
#pragma once

#include <filesystem>

#include "trellis/bytes.hpp"
#include "trellis/result.hpp"

namespace trellis {

/// Writes beside the destination, flushes to disk and renames. Mode as the umask says. Any
/// thread.
[[nodiscard]] Result<void> write_file(const std::filesystem::path& path, ByteView content);

/// Creates a file that only its owner may read (0600), in a folder made with mode 0700 where it is
/// missing. Errors: `already_exists` when the file is there.
[[nodiscard]] Result<void> create_secret_file(const std::filesystem::path& path, ByteView content);

/// Makes a folder and those above it that are missing, with mode 0700.
[[nodiscard]] Result<void> make_private_folder(const std::filesystem::path& folder);

/// Makes such a folder, and makes sure that nobody else can use it: others could plant files in any
/// other. Errors: denied (another user's, or no folder), unavailable.
[[nodiscard]] Result<void> make_own_folder(const std::filesystem::path& folder);

/// Writes everything to an open file: 0, or the errno of what failed.
[[nodiscard]] int write_all(int descriptor, ByteView content);

}  // namespace trellis
