// Reading files of bounded size.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "trellis/result.hpp"

namespace trellis {

/// The content of a regular file of at most `most` bytes. Devices, pipes and folders are refused:
/// reading them could block or never end. Any thread; blocks on the disk.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, std::size_t most);

}  // namespace trellis
