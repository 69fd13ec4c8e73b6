// Files of the cache while somebody uses them: who prunes leaves those alone.
#pragma once

#include <filesystem>
#include <memory>

#include "base/descriptor.hpp"

namespace trellis::package {

/// Keeps a file of the cache in its place as long as it lives, in this process and for those of
/// others. Empty where nothing is kept.
using CacheHold = std::shared_ptr<const Descriptor>;

/// Opens a regular file for reading and holds it; empty when it is not there. Any thread.
[[nodiscard]] Descriptor open_held(const std::filesystem::path& path);

enum class RemoveOutcome { removed, held, failed };
/// Removes a file that nobody holds. Any thread.
[[nodiscard]] RemoveOutcome remove_unheld(const std::filesystem::path& path);
/// Whether somebody holds it.
[[nodiscard]] bool is_held(const std::filesystem::path& path);

}  // namespace trellis::package
