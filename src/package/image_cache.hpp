// Artifacts on disk (identity.md 6.5): what makes downloads resumable, saves repeated ones, and
// stands in for a registry that is away.
//
// A folder with mode 0700: refs/ has one record per reference (named by a hash of the whole text),
// blobs/ the content by its digest, partial/ what has not arrived whole. Files are renamed into
// place, and checked against their digest each time they are used.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/random.hpp"
#include "package/oci_manifest.hpp"
#include "trellis/result.hpp"

namespace trellis::package {

/// What a reference named when it was last fetched.
struct CachedImage {
  std::string reference;
  ContentDigest manifest;
  BlobDescriptor layer;
};

/// Any thread, and several processes at one time.
class ImageCache {
 public:
  /// Makes the folder where it is missing. Errors: denied (it is another user's), unavailable.
  [[nodiscard]] static Result<ImageCache> open(const std::filesystem::path& folder,
                                               std::uint64_t max_bytes);

  /// Nothing when there is no record, or one that cannot be read.
  [[nodiscard]] std::optional<CachedImage> find(const std::string& reference) const;
  [[nodiscard]] Result<void> remember(const CachedImage& image) const;

  /// Whether the blob is here whole. One that is not what its digest says is removed.
  [[nodiscard]] bool has_blob(const BlobDescriptor& blob) const;
  [[nodiscard]] std::filesystem::path blob_path(const ContentDigest& digest) const;
  /// Where a download of it grows.
  [[nodiscard]] std::filesystem::path partial_path(const ContentDigest& digest) const;
  /// For what grows without a digest: a name nobody has.
  [[nodiscard]] std::filesystem::path new_partial_path(Random& random) const;

  /// Removes the blobs that were not used for longest until the rest fits, and downloads given up a
  /// day ago; nothing that somebody holds.
  void prune() const;

 private:
  ImageCache(std::filesystem::path folder, std::uint64_t max_bytes)
      : folder_(std::move(folder)), max_bytes_(max_bytes) {}
  [[nodiscard]] std::filesystem::path record_path(const std::string& reference) const;

  std::filesystem::path folder_;
  std::uint64_t max_bytes_;
};

/// A record of such a folder; nothing for what cannot be read.
[[nodiscard]] std::optional<CachedImage> read_cache_record(const std::filesystem::path& record);
/// Where the folder has a blob.
[[nodiscard]] std::filesystem::path blob_path_in(const std::filesystem::path& folder,
                                                 const ContentDigest& digest);

/// Adds the next `size` bytes of an open file to a hash, or all the rest. Errors: unavailable.
[[nodiscard]] Result<void> hash_file(int file, DigestHasher& hasher,
                                     std::uint64_t size = UINT64_MAX);

}  // namespace trellis::package
