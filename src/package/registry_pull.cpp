// Fetching an artifact (identity.md 6.4), and what is on disk already (6.5).
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/call_limits.hpp"
#include "package/layer_module.hpp"
#include "package/registry_client.hpp"
#include "package/registry_session.hpp"

namespace trellis::package {
namespace {

/// Of artifacts with one layer; real ones have a kilobyte.
constexpr std::size_t max_manifest_bytes = 256 * limits::kib;

/// One pull, from the first question to the file. One thread.
class Pull {
 public:
  Pull(const RegistrySettings& settings, const Reference& reference, const PullOptions& options,
       const Clock& clock, Random& random, ImageCache cache)
      : reference_(reference),
        options_(options),
        random_(random),
        cache_(std::move(cache)),
        control_{clock, clock.steady() + options.timeout, options.stop},
        session_(settings,
                 {reference.registry, reference.repository, "pull", options.with_credentials},
                 control_, random) {}

  Result<PulledImage> run() {
    const auto remembered = usable_record();
    // Content that is named by its digest cannot change.
    if (remembered && reference_.digest) return made(*remembered, ImageSource::cache);
    if (options_.offline) {
      if (remembered) return made(*remembered, ImageSource::stale_cache);
      return fail(
          ErrorCode::not_found,
          fmt::format("{} is not on disk, and the registry is not to be asked", reference_.text),
          "pull it once with the registry at hand");
    }
    auto image = ask_registry();
    const bool away = !image && (image.error().code == ErrorCode::unavailable ||
                                 image.error().code == ErrorCode::busy);
    if (away && remembered) return made(*remembered, ImageSource::stale_cache);
    if (!image) return pass(image);
    // Of a layer of files the cache has what was in it.
    if (remembered && remembered->manifest == image->manifest) {
      return made(*remembered, ImageSource::cache);
    }
    auto source = ImageSource::cache;
    if (!cache_.has_blob(image->layer)) {
      if (auto fetched = fetch(image->layer); !fetched) return pass(fetched);
      source = ImageSource::registry;
    }
    if (is_file_layer_type(image->layer.media_type)) {
      auto module = unpack_layer(cache_, cache_.blob_path(image->layer.digest), random_, control_);
      if (!module) return named(std::move(module.error()));
      if (*module) image->layer = std::move(**module);
    }
    if (auto kept = cache_.remember(*image); !kept) return pass(kept);
    auto made_image = made(*image, source);
    cache_.prune();
    return made_image;
  }

 private:
  /// What is on disk for the reference, whole and as wanted. Never for `latest`.
  std::optional<CachedImage> usable_record() const {
    if (reference_.means_latest()) return std::nullopt;
    auto record = cache_.find(reference_.text);
    if (!record || !fits(record->manifest) || record->layer.size > options_.max_bytes ||
        !cache_.has_blob(record->layer)) {
      return std::nullopt;
    }
    return record;
  }

  bool fits(const ContentDigest& manifest) const {
    return (!reference_.digest || manifest == *reference_.digest) &&
           (!options_.expected || manifest == *options_.expected);
  }

  Result<PulledImage> made(const CachedImage& image, ImageSource source) const {
    auto path = cache_.blob_path(image.layer.digest);
    auto held = open_held(path);
    if (!held) {
      return fail(ErrorCode::unavailable,
                  fmt::format("{} was removed from the cache meanwhile", reference_.text),
                  "try again");
    }
    return PulledImage{reference_,
                       image.manifest,
                       image.layer,
                       std::move(path),
                       std::make_shared<const Descriptor>(std::move(held)),
                       source};
  }

  Result<CachedImage> ask_registry() {
    if (auto begun = session_.begin(); !begun) return pass(begun);
    auto body = fetch_manifest(reference_.target());
    if (!body) return pass(body);
    const auto digest = verified(*body);
    if (!digest) return pass(digest);
    const auto chosen = choose_image(body->text, this_platform());
    if (!chosen) return named(chosen.error());
    if (*chosen) {
      body = fetch_manifest((*chosen)->text());
      if (!body) return pass(body);
      if (auto good = check_digest(*body, **chosen); !good) return pass(good);
    }
    return read(body->text, *digest);
  }

  struct Manifest {
    std::string text;
    std::string said_digest;  ///< by the registry
  };

  Result<Manifest> fetch_manifest(const std::string& target) {
    const auto url = session_.repository_url("manifests/" + target);
    if (!url) return pass(url);
    auto response = session_.send([&url] {
      http::Request request{.url = *url, .headers = {accept()}};
      request.most_body_bytes = max_manifest_bytes;
      return request;
    });
    if (!response) return pass(response);
    if (response->status < 200 || response->status > 203) {
      return std::unexpected(session_.error_of(*response, "manifest of " + reference_.text));
    }
    return Manifest{std::move(response->body), response->header("docker-content-digest")};
  }

  std::unexpected<Error> named(Error error) const {
    error.message = reference_.text + ": " + error.message;
    return std::unexpected(std::move(error));
  }

  static std::string accept() { return "Accept: " + std::string(accepted_manifest_types); }

  Result<void> check_digest(const Manifest& manifest, const ContentDigest& wanted) const {
    const auto digest = digest_of(wanted.algorithm, as_bytes(manifest.text));
    if (digest != wanted) {
      return fail(ErrorCode::malformed,
                  fmt::format("the manifest of {} has the digest {}, not {}", reference_.text,
                              digest.text(), wanted.text()),
                  "it was replaced or damaged; do not use it before you know which");
    }
    if (const auto said = parse_digest(manifest.said_digest);
        said && said->algorithm == digest.algorithm && *said != digest) {
      return fail(ErrorCode::malformed,
                  fmt::format("the registry names the digest {} for a manifest of {}", said->text(),
                              digest.text()),
                  "the answer was damaged or changed on its way");
    }
    return {};
  }

  /// The digest of what the reference names, which is as wanted.
  Result<ContentDigest> verified(const Manifest& manifest) const {
    auto wanted = reference_.digest ? reference_.digest : options_.expected;
    if (!wanted) wanted = digest_of(DigestAlgorithm::sha256, as_bytes(manifest.text));
    if (auto good = check_digest(manifest, *wanted); !good) return pass(good);
    if (options_.expected && *options_.expected != *wanted) {
      if (auto good = check_digest(manifest, *options_.expected); !good) return pass(good);
    }
    return std::move(*wanted);
  }

  Result<CachedImage> read(std::string_view manifest, const ContentDigest& digest) const {
    auto layer = read_manifest(manifest);
    if (!layer) return named(std::move(layer.error()));
    if (layer->size > options_.max_bytes) {
      return fail(ErrorCode::limit,
                  fmt::format("{} has {} bytes; {} are allowed", reference_.text, layer->size,
                              options_.max_bytes),
                  "check that it is an actor or a provider");
    }
    return CachedImage{reference_.text, digest, std::move(*layer)};
  }

  Result<void> fetch(const BlobDescriptor& layer) {
    auto download = ImageDownload::open(cache_, layer, random_, options_.progress);
    if (!download) return pass(download);
    auto kept = transfer(layer, *download);
    // What an earlier attempt left may be what was wrong.
    if (!kept && kept.error().code == ErrorCode::malformed && download->resumed()) {
      if (auto cleared = download->clear(); !cleared) return cleared;
      kept = transfer(layer, *download);
    }
    return kept;
  }

  Result<void> transfer(const BlobDescriptor& layer, ImageDownload& download) {
    const auto url = session_.repository_url("blobs/" + layer.digest.text());
    if (!url) return pass(url);
    if (!download.complete()) {
      const auto response = session_.send([&] {
        http::Request request{.url = *url, .headers = {accept()}};
        if (download.offset() > 0) {
          request.headers.push_back(fmt::format("Range: bytes={}-", download.offset()));
        }
        request.sink = &download;
        return request;
      });
      if (!response) return pass(response);
      if (response->status != 200 && response->status != 206) {
        return std::unexpected(session_.error_of(*response, "content of " + reference_.text));
      }
    }
    return download.keep();
  }

  const Reference& reference_;
  const PullOptions& options_;
  Random& random_;
  const ImageCache cache_;
  const http::Control control_;
  RegistrySession session_;
};

}  // namespace

Result<PulledImage> RegistryClient::pull(const Reference& reference, const PullOptions& options) {
  if (auto allowed = check_latest(reference, options.allow_latest); !allowed) return pass(allowed);
  auto cache = ImageCache::open(settings_.cache_folder, settings_.cache_bytes);
  if (!cache) return pass(cache);
  return Pull(settings_, reference, options, clock_, random_, std::move(*cache)).run();
}

}  // namespace trellis::package
