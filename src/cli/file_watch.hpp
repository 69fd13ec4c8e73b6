// Noticing that files change: inotify where it works, a look at the file now and then in any case.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/descriptor.hpp"

namespace trellis::cli {

/// Watches one file, which may be missing, be rewritten, or be replaced by a rename. One thread.
class FileWatch {
 public:
  explicit FileWatch(const std::filesystem::path& file);

  /// Waits until the file is there, is another than at the last time true was answered, and has
  /// not changed for a moment (so that nobody reads half of it). False when `patience` passed
  /// first.
  [[nodiscard]] bool changed(std::chrono::milliseconds patience);

 private:
  struct Stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    std::int64_t seconds;
    std::int64_t nanoseconds;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  [[nodiscard]] std::optional<Stamp> stamp() const;
  void wait(std::chrono::milliseconds patience);

  const std::filesystem::path file_;
  Descriptor inotify_;
  int watch_ = -1;
  std::optional<Stamp> last_;
};

/// Watches the files below a folder, passing over hidden folders and those of build output and
/// packages. One thread.
class TreeWatch {
 public:
  explicit TreeWatch(const std::filesystem::path& root);

  /// The files that were written, made, moved or removed since the last call, of which some may
  /// be gone; those that were made and are gone already are not among them. An empty path stands
  /// for what got lost, when more happened than the system keeps for us. Waits for at most
  /// `patience` when there are none.
  [[nodiscard]] std::set<std::filesystem::path> changes(std::chrono::milliseconds patience);
  /// False when there are folders that cannot be watched: the system's limit is reached, or ours.
  [[nodiscard]] bool complete() const noexcept { return complete_; }

 private:
  void add(const std::filesystem::path& folder, std::map<std::filesystem::path, bool>* found);

  Descriptor inotify_;
  std::map<int, std::filesystem::path> folders_;
  bool complete_ = true;
};

}  // namespace trellis::cli
