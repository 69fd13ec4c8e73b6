// The folder of DIRECTORY, which belongs to one provider instance at a time.
#pragma once

#include <filesystem>
#include <memory>

#include "base/descriptor.hpp"
#include "providers/common/key_space.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::keyvalue_file {

/// Immutable; any thread. Locked as long as it lives: the lock goes with the process too.
class Folder {
 public:
  /// Makes the folder where it is missing. Errors: unavailable (also when another process has it).
  [[nodiscard]] static Result<std::shared_ptr<const Folder>> open(
      const std::filesystem::path& path);

  /// The file of a key space. Error: invalid_argument for a name no file can have.
  [[nodiscard]] Result<std::filesystem::path> file_of(const KeySpace& space) const;

 private:
  Folder(std::filesystem::path path, Descriptor lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  const std::filesystem::path path_;
  const Descriptor lock_;
};

}  // namespace trellis::providers::keyvalue_file
