// What is in the folder for downloads and unpacked libraries, and making room in it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trellis::package {

enum class CacheKind : std::uint8_t {
  image,     ///< a downloaded artifact
  provider,  ///< a library unpacked from an archive
  partial    ///< what has not arrived whole
};
/// "image", "provider", "partial".
[[nodiscard]] std::string_view to_string(CacheKind kind) noexcept;

/// One file. Plain values.
struct CacheEntry {
  CacheKind kind = CacheKind::image;
  std::filesystem::path path;
  std::vector<std::string> references;  ///< of an image: what it was fetched as
  std::string digest;                   ///< "sha256:…"; of what is partial empty
  std::uint64_t bytes = 0;
  std::chrono::seconds unused{0};  ///< since it was used last
  bool held = false;               ///< somebody uses it now
};

/// Where the files are: images of RegistrySettings::cache_folder, providers of extract_provider().
/// Either may be empty: not looked at.
struct CacheFolders {
  std::filesystem::path images;
  std::filesystem::path providers;
};

/// Entries, those used last first; other files than the cache's own are left out. Any thread.
[[nodiscard]] std::vector<CacheEntry> list_cache(const CacheFolders& folders);

/// What goes: everything, what was not used for so long, and what was used longest ago until the
/// rest fits.
struct PrunePolicy {
  bool all = false;
  std::optional<std::chrono::seconds> older_than = {};
  std::optional<std::uint64_t> keep_bytes = {};
  bool dry_run = false;  ///< tells what would go
};

struct Pruned {
  std::vector<CacheEntry> removed;  ///< those used longest ago first
  std::vector<CacheEntry> held;     ///< should have gone, and is in use
  std::vector<CacheEntry> failed;   ///< cannot be removed
  std::uint64_t bytes_removed = 0;
  std::uint64_t bytes_left = 0;
};

/// Never what somebody holds: neither downloads under way nor libraries of running hosts, of any
/// process. References of what has gone go with it. Any thread, and several processes at one time.
[[nodiscard]] Pruned prune_cache(const CacheFolders& folders, const PrunePolicy& policy);

}  // namespace trellis::package
