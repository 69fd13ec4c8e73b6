// A file of changes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "base/descriptor.hpp"
#include "providers/keyvalue_file/change.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::keyvalue_file {

/// A line that says what the file is, and records. One thread at a time, but for what `file` gives.
///
/// Errors of all functions: unavailable with what the system said; of open also malformed, when the
/// file is damaged elsewhere than at its end.
class Journal {
 public:
  using Visitor = std::function<Result<void>(const Change&)>;

  /// Opens or makes the file and calls `visit` with each of its changes. A last change that was cut
  /// short is removed from the file; `dropped` says how many bytes that were.
  [[nodiscard]] static Result<Journal> open(std::filesystem::path path, const Visitor& visit,
                                            std::uint64_t& dropped);

  /// Appends records as they are. When it fails the file is as it was, or `broken`.
  [[nodiscard]] Result<void> append(std::string_view records);
  /// The file could not be put right after a failed write: only replace makes it whole.
  [[nodiscard]] bool broken() const noexcept { return broken_; }

  /// Puts another file in the place of this one, synced, with what `write` appends to it.
  [[nodiscard]] Result<void> replace(const std::function<Result<void>(Journal&)>& write);

  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  /// The file now, to be synced beside other work: it stays open as long as this is held.
  [[nodiscard]] std::shared_ptr<const Descriptor> file() const noexcept { return file_; }

 private:
  Journal(std::filesystem::path path, Descriptor file);

  [[nodiscard]] Result<void> begin();
  [[nodiscard]] Result<std::uint64_t> read(const Visitor& visit);
  [[nodiscard]] std::unexpected<Error> failed(std::string_view what) const;

  std::filesystem::path path_;
  std::shared_ptr<const Descriptor> file_;
  std::uint64_t bytes_ = 0;
  bool broken_ = false;
};

/// Waits until the file's content is on the disk. Any thread.
[[nodiscard]] Result<void> sync(const Descriptor& file);

}  // namespace trellis::providers::keyvalue_file
