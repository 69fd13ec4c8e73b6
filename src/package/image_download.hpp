// One blob on its way to disk: streamed, bounded by its manifest, resumed where it broke off.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "base/descriptor.hpp"
#include "base/random.hpp"
#include "http/client.hpp"
#include "package/image_cache.hpp"

namespace trellis::package {

/// How far a transfer is, in bytes. `total` is known from the start.
struct Progress {
  std::uint64_t done = 0;
  std::uint64_t total = 0;
};
/// Called from the thread that transfers, after each piece of at most 64 KiB. Must not block long.
using OnProgress = std::function<void(Progress)>;

/// A file that grows until it is the blob. What stays when it is destroyed before is where the next
/// one for the same digest goes on. One thread; another download of the same blob at the same time
/// gets a file of its own.
class ImageDownload final : public http::Sink {
 public:
  /// Errors: invalid_argument (the folder cannot be used).
  [[nodiscard]] static Result<ImageDownload> open(const ImageCache& cache,
                                                  const BlobDescriptor& blob, Random& random,
                                                  OnProgress progress);

  /// How much is here; what is asked for next starts there.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  [[nodiscard]] bool complete() const noexcept { return offset_ == blob_.size; }
  /// Whether some of it came from an earlier exchange.
  [[nodiscard]] bool resumed() const noexcept { return resumed_; }
  /// Starts over.
  [[nodiscard]] Result<void> clear();

  /// Once complete: checks the digest and moves the file to its place. Errors: malformed (other
  /// content; the file is cleared), invalid_argument (the folder).
  [[nodiscard]] Result<void> keep();

  Result<void> begin(const http::Response& head) override;
  Result<void> write(ByteView bytes) override;
  Result<void> end() override;

 private:
  ImageDownload(Descriptor file, std::filesystem::path path, std::filesystem::path target,
                BlobDescriptor blob, OnProgress progress);
  [[nodiscard]] Result<void> take_up();
  [[nodiscard]] std::unexpected<Error> disk_failure() const;

  Descriptor file_;
  std::filesystem::path path_;
  std::filesystem::path target_;
  BlobDescriptor blob_;
  OnProgress progress_;
  DigestHasher hasher_;
  std::uint64_t offset_ = 0;
  bool resumed_ = false;
};

}  // namespace trellis::package
