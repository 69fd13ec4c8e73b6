// The entries of a tar file, plain or in gzip, and nothing else that libarchive could read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/descriptor.hpp"
#include "base/limits.hpp"
#include "trellis/bytes.hpp"
#include "trellis/result.hpp"

namespace trellis::package {

/// A regular file in the archive.
struct TarEntry {
  std::string name;
  std::uint64_t size = 0;
};

/// What may be in an archive. Plain values.
struct TarRules {
  std::size_t max_entries = limits::archive_entries;  ///< folders too
  /// Links, devices and sparse files are passed over instead of refused.
  bool skip_others = false;
};

/// One pass from the beginning to the end; the whole may unpack to limits::archive_bytes. Hostile
/// archives are safe. One thread.
class TarReader {
 public:
  [[nodiscard]] static Result<TarReader> open(const std::filesystem::path& path,
                                              const TarRules& rules = {});
  TarReader(TarReader&&) noexcept;
  TarReader& operator=(TarReader&&) = delete;
  ~TarReader();

  [[nodiscard]] bool compressed() const noexcept;
  /// The next entry; folders are passed over. Nothing at the end. Errors: malformed, unsupported
  /// (links, devices, sparse files, unless they are skipped), limit (too many).
  [[nodiscard]] Result<std::optional<TarEntry>> next();
  /// The next bytes of the entry's content, valid until the next call; empty at its end. Errors:
  /// malformed, limit.
  [[nodiscard]] Result<ByteView> read();

 private:
  struct State;
  explicit TarReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace trellis::package
