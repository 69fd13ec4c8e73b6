// A folder for the files of a measurement.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace trellis::bench {

/// Removed at the end. One thread.
class Folder {
 public:
  Folder() {
    auto name = (std::filesystem::temp_directory_path() / "trellis-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace trellis::bench
