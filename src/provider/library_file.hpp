// A look at a library's first bytes, so that the error names the cause; the dynamic loader's own
// texts ("invalid ELF header") help nobody.
#pragma once

#include <filesystem>

#include "trellis/result.hpp"

namespace trellis::provider {

/// Whether the file is an ELF shared library for this machine. Blocks on the file system.
[[nodiscard]] Result<void> check_library_file(const std::filesystem::path& path);

}  // namespace trellis::provider
