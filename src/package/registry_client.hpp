// Artifacts in OCI registries: fetching, storing, asking (identity.md 6).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/call_limits.hpp"
#include "base/random.hpp"
#include "package/cache_file.hpp"
#include "package/image_download.hpp"
#include "package/oci_manifest.hpp"
#include "package/reference.hpp"
#include "package/registry_settings.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"

namespace trellis::package {

/// What all operations know.
struct TransferOptions {
  std::chrono::milliseconds timeout = std::chrono::minutes(5);  ///< for the whole operation
  bool allow_latest = false;
  OnProgress progress = {};
  std::stop_token stop = {};
};

struct PullOptions : TransferOptions {
  /// Largest artifact accepted.
  std::uint64_t max_bytes = 512 * std::uint64_t{limits::mib};
  /// Digest that the manifest must have, besides the reference's own.
  std::optional<ContentDigest> expected = {};
  /// Use what is on disk and ask nobody.
  bool offline = false;
  /// Whether the registry may be told user and password.
  bool with_credentials = true;
};

/// Where the content of a pull came from.
enum class ImageSource : std::uint8_t {
  registry,    ///< downloaded
  cache,       ///< on disk, and the registry says it is still what the reference names
  stale_cache  ///< on disk; the registry is away, or was not to be asked
};
/// "registry", "cache", "stale cache".
[[nodiscard]] std::string_view to_string(ImageSource source) noexcept;

struct PulledImage {
  Reference reference;
  ContentDigest manifest;
  BlobDescriptor layer;
  /// In the cache folder, not to be changed. It stays as long as it is held.
  std::filesystem::path file;
  CacheHold hold;
  ImageSource source = ImageSource::registry;
};

struct PushOptions : TransferOptions {
  std::string config = "{}";  ///< content of the image's config blob
};

struct PushedImage {
  ContentDigest manifest;
  BlobDescriptor layer;
  bool existed = false;  ///< the registry had the content, and nothing was sent
};

struct PingOptions {
  std::chrono::milliseconds timeout = std::chrono::seconds(15);
  std::stop_token stop = {};
};

struct TagsOptions {
  std::chrono::milliseconds timeout = std::chrono::minutes(1);
  std::stop_token stop = {};
  std::size_t most = 10'000;  ///< tags; the rest is left out
};

struct TagList {
  std::vector<std::string> tags;  ///< as the registry orders them
  bool complete = false;          ///< false: there are more
};

struct RegistryStatus {
  std::string url;
  int status = 0;             ///< of the last answer
  std::string authorization;  ///< "none", "basic", "bearer": what was used
  bool usable = false;        ///< it answered 200
  std::string api;            ///< Docker-Distribution-Api-Version, printable
};

/// Any thread, several operations at one time; `clock` and `random` outlive it. Operations block.
///
/// Errors of all: denied (401, 403, certificates, plain HTTP, `latest`), not_found, busy (429),
/// unavailable (no connection, 5xx, broken off), deadline, cancelled, malformed (content is not
/// what its digest says; a manifest that is none), unsupported (media types, indexes), limit.
class RegistryClient {
 public:
  RegistryClient(RegistrySettings settings, const Clock& clock, Random& random);

  /// Fetches to disk; memory stays small whatever the artifact's size. `latest` never comes from
  /// the cache; other tags do when the registry is away.
  [[nodiscard]] Result<PulledImage> pull(const Reference& reference, const PullOptions& options);

  /// Stores a file as `reference`, which has a tag. What it is, the caller has checked.
  [[nodiscard]] Result<PushedImage> push(const Reference& reference,
                                         const std::filesystem::path& file, ArtifactKind kind,
                                         const PushOptions& options);

  /// The tags of a repository, page by page; tag and digest of the reference do not count.
  [[nodiscard]] Result<TagList> tags(const Reference& repository, const TagsOptions& options);

  /// Asks HOST or HOST:PORT whether it is a registry, and whether it takes our credentials.
  [[nodiscard]] Result<RegistryStatus> ping(const std::string& registry,
                                            const PingOptions& options);

 private:
  RegistrySettings settings_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace trellis::package
