// Folders and files below a root that nothing leads out of.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/descriptor.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::blobstore_fs {

/// The name of a file for an id of an actor (blobstore_fs.hpp). Error: invalid_argument when
/// nothing is left of it, or too much.
[[nodiscard]] Result<std::string> clean_name(std::string_view id);

/// Files in the making have names no cleaned one has.
inline constexpr std::string_view unfinished_prefix = ".trellis-upload-";

/// An open folder. All functions take single names, never paths, and follow no links. Any thread.
class Folder {
 public:
  /// Error: unavailable, naming the path.
  [[nodiscard]] static Result<Folder> open(const std::string& path);

  /// not_found when it is not there, or no folder.
  [[nodiscard]] Result<Folder> folder(const std::string& name) const;
  /// Whether it was made; false when it was there.
  [[nodiscard]] Result<bool> make_folder(const std::string& name) const;
  /// Errors: not_found; already_exists when it is not empty.
  [[nodiscard]] Result<void> remove_folder(const std::string& name) const;

  /// Size of a regular file; nothing when it is not there, or something else.
  [[nodiscard]] std::optional<std::uint64_t> size_of(const std::string& name) const;
  /// Error: not_found.
  [[nodiscard]] Result<Descriptor> read(const std::string& name) const;
  /// A new file. Errors: unavailable, already_exists.
  [[nodiscard]] Result<Descriptor> create(const std::string& name) const;
  /// Puts a file in the place of another, for certain.
  [[nodiscard]] Result<void> rename(const std::string& from, const std::string& to) const;
  /// Error: not_found.
  [[nodiscard]] Result<void> remove(const std::string& name) const;

  /// Calls `visit` for each name but `.` and `..`, in no order, until it says false.
  [[nodiscard]] Result<void> each(const std::function<bool(const std::string&)>& visit) const;
  /// Removes files in the making that were not written to for an hour.
  void remove_abandoned() const;

 private:
  explicit Folder(Descriptor folder) : folder_(std::move(folder)) {}

  Descriptor folder_;
};

/// Error of this kind with the system's text about errno.
[[nodiscard]] std::unexpected<Error> system_error(std::string_view what);

}  // namespace trellis::providers::blobstore_fs
