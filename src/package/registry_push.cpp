// Storing an artifact (identity.md 6.3).
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/descriptor.hpp"
#include "base/sizes.hpp"
#include "package/registry_client.hpp"
#include "package/registry_session.hpp"

namespace trellis::package {
namespace {

constexpr auto octets = "Content-Type: application/octet-stream";

using MakeUpload = std::function<http::Upload()>;

/// Uploads a text that lives longer.
http::Upload upload_of(std::string_view text) {
  return {text.size(), [text, at = std::size_t{0}](std::span<char> into) mutable {
            const auto count = std::min(into.size(), text.size() - at);
            std::memcpy(into.data(), text.data() + at, count);
            at += count;
            return Result<std::size_t>(count);
          }};
}

std::unexpected<Error> unreadable(const std::filesystem::path& path) {
  return fail(ErrorCode::unavailable,
              fmt::format("{}: {}", path.string(), std::generic_category().message(errno)),
              "check that the file exists and may be read");
}

/// The artifact on disk.
class SourceFile {
 public:
  static Result<SourceFile> open(const std::filesystem::path& path, ArtifactKind kind) {
    SourceFile made;
    made.file_ = Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    if (!made.file_ || ::fstat(made.file_.get(), &status) != 0) return unreadable(path);
    if (!S_ISREG(status.st_mode)) {
      return fail(ErrorCode::invalid_argument, path.string() + " is no regular file");
    }
    DigestHasher hasher(DigestAlgorithm::sha256);
    if (auto hashed = hash_file(made.file_.get(), hasher); !hashed) return pass(hashed);
    made.blob_ = {std::string(layer_media_type(kind)), hasher.finish(),
                  static_cast<std::uint64_t>(status.st_size)};
    return made;
  }

  [[nodiscard]] const BlobDescriptor& blob() const noexcept { return blob_; }
  [[nodiscard]] http::Upload upload(const OnProgress& progress) const {
    const auto total = blob_.size;
    return {total,
            [fd = file_.get(), total, progress,
             at = std::uint64_t{0}](std::span<char> into) mutable -> Result<std::size_t> {
              const auto wanted = std::min(into.size(), to_size(total - at));
              const auto got = ::pread(fd, into.data(), wanted, static_cast<off_t>(at));
              if (got < 0 || static_cast<std::uint64_t>(got) != wanted) {
                return fail(ErrorCode::unavailable, "the file changed while it was sent");
              }
              at += wanted;
              if (progress) progress({at, total});
              return wanted;
            }};
  }

 private:
  SourceFile() = default;
  Descriptor file_;
  BlobDescriptor blob_;
};

class Push {
 public:
  Push(const RegistrySettings& settings, const Reference& reference, const PushOptions& options,
       const Clock& clock, Random& random)
      : reference_(reference),
        session_(settings, {reference.registry, reference.repository, "pull,push", true},
                 {clock, clock.steady() + options.timeout, options.stop}, random) {}

  Result<PushedImage> run(const SourceFile& file, ArtifactKind kind, const PushOptions& options) {
    if (auto begun = session_.begin(); !begun) return pass(begun);
    auto existed = store(file.blob(), [&] { return file.upload(options.progress); });
    if (!existed) return pass(existed);
    const BlobDescriptor config{std::string(config_media_type(kind)),
                                digest_of(DigestAlgorithm::sha256, as_bytes(options.config)),
                                options.config.size()};
    auto stored = store(config, [&] { return upload_of(options.config); });
    if (!stored) return pass(stored);
    const auto manifest = write_manifest(config, file.blob());
    if (auto put = put_manifest(manifest); !put) return pass(put);
    return PushedImage{digest_of(DigestAlgorithm::sha256, as_bytes(manifest)), file.blob(),
                       *existed};
  }

 private:
  /// Makes sure that the registry has the blob; true when it had.
  Result<bool> store(const BlobDescriptor& blob, const MakeUpload& upload) {
    const auto url = session_.repository_url("blobs/" + blob.digest.text());
    if (!url) return std::unexpected(url.error());
    const auto there =
        session_.send([&url] { return http::Request{.method = "HEAD", .url = *url}; });
    if (!there) return std::unexpected(there.error());
    if (there->status == 200) return true;
    if (there->status == 401 || there->status == 403) {
      return std::unexpected(session_.error_of(*there, "access to " + reference_.repository));
    }
    for (int done = 1;; ++done) {
      auto sent = send(blob, upload);
      if (sent) return false;
      const auto code = sent.error().code;
      const bool again = code == ErrorCode::unavailable || code == ErrorCode::busy;
      if (!again || !session_.pause(done, std::nullopt)) return pass(sent);
    }
  }

  /// POST for a place, PATCH with the bytes, PUT with the digest.
  Result<> send(const BlobDescriptor& blob, const MakeUpload& upload) {
    auto place = session_.repository_url("blobs/uploads/");
    if (!place) return pass(place);
    auto step = expect("POST", *place, 202, {}, nullptr);
    if (!step) return pass(step);
    if (blob.size > 0) {
      step = expect("PATCH", *step, 202,
                    {octets, fmt::format("Content-Range: 0-{}", blob.size - 1)}, &upload);
      if (!step) return pass(step);
    }
    const auto last = http::with_query(*step, "digest", blob.digest.text());
    if (!last) return std::unexpected(last.error());
    auto put = expect("PUT", *last, 201, {octets}, nullptr);
    if (!put) return pass(put);
    return {};
  }

  /// One step of an upload; where the next goes.
  Result<http::Url> expect(const char* method, const http::Url& url, int status,
                           std::vector<std::string> headers, const MakeUpload* upload) {
    const auto response = session_.send_once([&] {
      http::Request request{.method = method, .url = url, .headers = headers};
      if (upload != nullptr) request.upload = (*upload)();
      return request;
    });
    if (!response) return std::unexpected(response.error());
    if (response->status != status) {
      return std::unexpected(session_.error_of(*response, "upload to " + reference_.text));
    }
    if (response->header("location").empty()) return url;
    return session_.location(url, *response);
  }

  Result<> put_manifest(const std::string& manifest) {
    const auto url = session_.repository_url("manifests/" + reference_.target());
    if (!url) return std::unexpected(url.error());
    const auto response = session_.send([&] {
      http::Request request{.method = "PUT",
                            .url = *url,
                            .headers = {"Content-Type: " + std::string(oci_manifest_type)}};
      request.upload = upload_of(manifest);
      return request;
    });
    if (!response) return std::unexpected(response.error());
    if (response->status == 201) return {};
    return std::unexpected(session_.error_of(*response, "manifest of " + reference_.text));
  }

  const Reference& reference_;
  RegistrySession session_;
};

}  // namespace

Result<PushedImage> RegistryClient::push(const Reference& reference,
                                         const std::filesystem::path& file, ArtifactKind kind,
                                         const PushOptions& options) {
  if (reference.digest) {
    return fail(ErrorCode::invalid_argument,
                reference.text + " names a digest, which follows from the content",
                "push to a tag: leave out what follows the @");
  }
  if (auto allowed = check_latest(reference, options.allow_latest); !allowed) return pass(allowed);
  const auto source = SourceFile::open(file, kind);
  if (!source) return std::unexpected(source.error());
  return Push(settings_, reference, options, clock_, random_).run(*source, kind, options);
}

}  // namespace trellis::package
