#include "package/image_cache.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

#include "base/call_limits.hpp"
#include "base/descriptor.hpp"
#include "base/file_output.hpp"
#include "base/files.hpp"
#include "base/sizes.hpp"
#include "base/text.hpp"
#include "json/json_string.hpp"
#include "json/json_value.hpp"
#include "package/cache_store.hpp"

namespace trellis::package {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_record_bytes = 8 * limits::kib;

/// Name of a blob's file: its digest, in characters that every file system takes.
std::string file_name(const ContentDigest& digest) {
  auto name = digest.text();
  std::ranges::replace(name, ':', '-');
  return name;
}

std::string quoted(const std::string& text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

/// Record of a reference, as JSON.
std::string record_text(const CachedImage& image) {
  return fmt::format(R"({{"reference":{},"manifest":"{}","type":{},"layer":"{}","size":{}}})",
                     quoted(image.reference), image.manifest.text(), quoted(image.layer.media_type),
                     image.layer.digest.text(), image.layer.size);
}

std::string text_member(const JsonValue& object, std::string_view name) {
  const auto* found = object.find(name);
  return found == nullptr ? std::string() : found->text;
}

std::optional<CachedImage> read_record(std::string_view text) {
  const auto record = parse_strict_json(text);
  if (!record) return std::nullopt;
  auto manifest = parse_digest(text_member(*record, "manifest"));
  auto layer = parse_digest(text_member(*record, "layer"));
  const auto* size = record->find("size");
  const auto bytes = size == nullptr ? std::nullopt : size->as_u64();
  if (!manifest || !layer || !bytes) return std::nullopt;
  return CachedImage{text_member(*record, "reference"),
                     std::move(*manifest),
                     {text_member(*record, "type"), std::move(*layer), *bytes}};
}

/// Whether an open file is the blob: its size and its digest.
bool is_content(int file, const BlobDescriptor& blob) {
  struct stat status{};
  if (::fstat(file, &status) != 0 || static_cast<std::uint64_t>(status.st_size) != blob.size) {
    return false;
  }
  DigestHasher hasher(blob.digest.algorithm);
  return hash_file(file, hasher) && hasher.finish() == blob.digest;
}

}  // namespace

Result<void> hash_file(int file, DigestHasher& hasher, std::uint64_t size) {
  std::vector<std::uint8_t> buffer(256 * limits::kib);
  while (size > 0) {
    const auto wanted = std::min(buffer.size(), to_size(size));
    const auto got = ::read(file, buffer.data(), wanted);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return fail(ErrorCode::unavailable,
                  "cannot read a download: " + std::generic_category().message(errno));
    }
    if (got == 0) break;
    hasher.add({buffer.data(), static_cast<std::size_t>(got)});
    size -= static_cast<std::uint64_t>(got);
  }
  return {};
}

Result<ImageCache> ImageCache::open(const fs::path& folder, std::uint64_t max_bytes) {
  if (folder.empty()) {
    return fail(ErrorCode::invalid_argument, "no folder for downloads is set",
                "name one (--cache), or set HOME");
  }
  for (const auto& part : {folder, folder / "refs", folder / "blobs", folder / "partial"}) {
    if (auto made = make_own_folder(part); !made) return pass(made);
  }
  return ImageCache(folder, max_bytes);
}

fs::path ImageCache::record_path(const std::string& reference) const {
  const auto digest = digest_of(DigestAlgorithm::sha256, as_bytes(reference));
  return folder_ / "refs" / (digest.hex + ".json");
}

fs::path ImageCache::blob_path(const ContentDigest& digest) const {
  return blob_path_in(folder_, digest);
}

fs::path ImageCache::partial_path(const ContentDigest& digest) const {
  return folder_ / "partial" / file_name(digest);
}

fs::path ImageCache::new_partial_path(Random& random) const {
  return folder_ / "partial" / ("module-" + make_nuid(random));
}

fs::path blob_path_in(const fs::path& folder, const ContentDigest& digest) {
  return folder / "blobs" / file_name(digest);
}

std::optional<CachedImage> read_cache_record(const fs::path& record) {
  const auto text = read_file(record, max_record_bytes);
  return text ? read_record(*text) : std::nullopt;
}

std::optional<CachedImage> ImageCache::find(const std::string& reference) const {
  auto image = read_cache_record(record_path(reference));
  if (!image || image->reference != reference) return std::nullopt;
  return image;
}

Result<void> ImageCache::remember(const CachedImage& image) const {
  return write_file(record_path(image.reference), as_bytes(record_text(image)));
}

bool ImageCache::has_blob(const BlobDescriptor& blob) const {
  const auto path = blob_path(blob.digest);
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) return false;
  if (is_content(file.get(), blob)) {
    ::futimens(file.get(), nullptr);  // what was used last is removed last
    return true;
  }
  ::unlink(path.c_str());
  return false;
}

void ImageCache::prune() const {
  static_cast<void>(prune_cache({.images = folder_, .providers = {}}, {.keep_bytes = max_bytes_}));
}

}  // namespace trellis::package
