#include "package/image_download.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <system_error>

#include "base/file_output.hpp"

namespace trellis::package {
namespace {

namespace fs = std::filesystem;

Descriptor open_partial(const fs::path& path) {
  return Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
}

/// Locks it, unless another download has it, or has just moved it away.
bool is_ours(const Descriptor& file, const fs::path& path) {
  if (!file || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return false;
  struct stat opened{};
  struct stat named{};
  return ::fstat(file.get(), &opened) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && S_ISREG(opened.st_mode);
}

/// The first byte of "bytes 500-999/1000".
std::optional<std::uint64_t> range_start(const std::string& header) {
  constexpr std::string_view unit = "bytes ";
  std::uint64_t start = 0;
  if (!header.starts_with(unit)) return std::nullopt;
  const auto* from = header.data() + unit.size();
  const auto read = std::from_chars(from, header.data() + header.size(), start);
  if (read.ec != std::errc() || read.ptr == header.data() + header.size() || *read.ptr != '-') {
    return std::nullopt;
  }
  return start;
}

/// Length that a server announced; nothing where it is none.
std::optional<std::uint64_t> content_length(const http::Response& head) {
  const auto text = head.header("content-length");
  std::uint64_t length = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), length);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return length;
}

}  // namespace

ImageDownload::ImageDownload(Descriptor file, fs::path path, fs::path target, BlobDescriptor blob,
                             OnProgress progress)
    : file_(std::move(file)),
      path_(std::move(path)),
      target_(std::move(target)),
      blob_(std::move(blob)),
      progress_(std::move(progress)),
      hasher_(blob_.digest.algorithm) {}

Result<ImageDownload> ImageDownload::open(const ImageCache& cache, const BlobDescriptor& blob,
                                          Random& random, OnProgress progress) {
  auto path = cache.partial_path(blob.digest);
  auto file = open_partial(path);
  if (!is_ours(file, path)) {
    path += '-' + make_nuid(random);
    file = open_partial(path);
  }
  ImageDownload download(std::move(file), path, cache.blob_path(blob.digest), blob,
                         std::move(progress));
  if (!is_ours(download.file_, path)) return download.disk_failure();
  if (auto taken = download.take_up(); !taken) return pass(taken);
  return download;
}

Result<void> ImageDownload::take_up() {
  struct stat status{};
  if (::fstat(file_.get(), &status) != 0) return disk_failure();
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > blob_.size) return clear();
  if (auto hashed = hash_file(file_.get(), hasher_, size); !hashed) return pass(hashed);
  offset_ = size;
  resumed_ = size > 0;
  return {};
}

std::unexpected<Error> ImageDownload::disk_failure() const {
  return fail(ErrorCode::invalid_argument,
              path_.string() + ": " + std::generic_category().message(errno),
              "check that the folder for downloads may be written and has space");
}

Result<void> ImageDownload::clear() {
  if (::ftruncate(file_.get(), 0) != 0 || ::lseek(file_.get(), 0, SEEK_SET) != 0) {
    return disk_failure();
  }
  hasher_ = DigestHasher(blob_.digest.algorithm);
  offset_ = 0;
  resumed_ = false;
  return {};
}

Result<void> ImageDownload::begin(const http::Response& head) {
  if (head.status == 200 && offset_ > 0) {  // the server does not do ranges
    if (auto cleared = clear(); !cleared) return cleared;
  }
  if (head.status == 206 && range_start(head.header("content-range")) != offset_) {
    return fail(ErrorCode::malformed, "the registry sent another part of the blob than asked for",
                "try again without what has arrived: remove the folder for downloads");
  }
  resumed_ = head.status == 206;
  const auto length = content_length(head);
  if (!length || *length == blob_.size - offset_) return {};
  return fail(ErrorCode::malformed,
              fmt::format("the registry sends {} bytes where {} are missing", *length,
                          blob_.size - offset_),
              "the artifact is damaged there: push it again");
}

Result<void> ImageDownload::write(ByteView bytes) {
  if (bytes.size() > blob_.size - offset_) {
    return fail(ErrorCode::malformed,
                fmt::format("the registry sends more than the {} bytes of the blob", blob_.size),
                "the artifact is damaged there: push it again");
  }
  if (const int problem = write_all(file_.get(), bytes); problem != 0) {
    errno = problem;
    return disk_failure();
  }
  hasher_.add(bytes);
  offset_ += bytes.size();
  if (progress_) progress_({offset_, blob_.size});
  return {};
}

Result<void> ImageDownload::end() {
  if (complete()) return {};
  return fail(ErrorCode::unavailable,
              fmt::format("the answer ended after {} of {} bytes", offset_, blob_.size),
              "try again; what has arrived is kept");
}

Result<void> ImageDownload::keep() {
  const auto found = hasher_.finish();
  if (found != blob_.digest) {
    const bool was_resumed = resumed_;
    if (auto cleared = clear(); !cleared) return cleared;
    resumed_ = was_resumed;
    return fail(ErrorCode::malformed,
                "the registry sent other content than the manifest says: " + found.text() +
                    " instead of " + blob_.digest.text(),
                "the artifact is damaged there, or was replaced: push it again");
  }
  if (::fsync(file_.get()) != 0 || ::rename(path_.c_str(), target_.c_str()) != 0) {
    return disk_failure();
  }
  return {};
}

}  // namespace trellis::package
