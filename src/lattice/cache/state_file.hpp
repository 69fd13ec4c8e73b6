// Links that survive the stop of all hosts: one small file, replaced as a whole.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "lattice/wire/advertisements.hpp"
#include "trellis/result.hpp"

namespace trellis::lattice {

/// Format: a line `trellis links 1`, a line with the SHA-256 of the rest, then MessagePack: the
/// namespace with the number of links, and the links. A crash leaves the old file or the new one,
/// never half of one. One thread of one host at a time per folder.
class StateFile {
 public:
  /// `name` of the file, where a folder has several.
  StateFile(const std::filesystem::path& folder, std::string_view ns,
            std::string_view name = "links");

  /// Links that were saved last; none when there is no file. Errors (malformed) for a damaged file,
  /// and for one of another namespace.
  [[nodiscard]] Result<std::vector<LinkDefinition>> load() const;
  /// Writes beside it, syncs, renames, syncs the folder. Makes the folder when it is missing.
  [[nodiscard]] Result<void> save(const std::vector<LinkDefinition>& links) const;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  const std::filesystem::path path_;
  const std::string ns_;
};

/// The content of such a file: a line that says what it is, the SHA-256 of the rest, and as
/// MessagePack namespace, number and links. Errors (malformed) as load(), without the path. Any
/// thread.
[[nodiscard]] Result<std::vector<LinkDefinition>> read_links_file(std::string_view text,
                                                                  std::string_view ns);

}  // namespace trellis::lattice
