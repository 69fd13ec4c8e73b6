// Storing an artifact (identity.md 6.3).
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
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

/// One step of an upload: by which method, and what a registry may answer where it went well.
struct UploadStep {
  const char* method;
  std::array<int, 4> statuses;
  bool needs_location = false;
};
/// Steps in their order, each with what registries answer where it went well; the specification's
/// own status first.
constexpr UploadStep begin_upload{"POST", {202, 201, 200, 204}, true};
constexpr UploadStep send_content{"PATCH", {202, 204, 201, 200}};
constexpr UploadStep end_upload{"PUT", {201, 204, 200, 202}};

/// One push: content, config, manifest. One thread.
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
    if (!url) return pass(url);
    const auto there =
        session_.send([&url] { return http::Request{.method = "HEAD", .url = *url}; });
    if (!there) return pass(there);
    if (there->status == 200) return true;
    const bool denied = there->status == 401 || there->status == 403;
    if (denied && session_.answered_itself()) {
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

  /// POST for a place, PATCH with the bytes, PUT with the digest. Registries agree on the kind of
  /// status, and on Location, rather than on the number.
  Result<void> send(const BlobDescriptor& blob, const MakeUpload& upload) {
    const auto uploads = session_.repository_url("blobs/uploads/");
    if (!uploads) return pass(uploads);
    auto step = next_place(begin_upload, *uploads, {}, nullptr);
    if (step && blob.size > 0) {
      step = next_place(send_content, *step,
                        {octets, fmt::format("Content-Range: 0-{}", blob.size - 1)}, &upload);
    }
    if (!step) return pass(step);
    const auto last = http::with_query(*step, "digest", blob.digest.text());
    if (!last) return pass(last);
    const auto put = accepted(end_upload, *last, {octets}, nullptr);
    if (!put) return pass(put);
    return check_said(*put, blob.digest);
  }

  Result<http::Response> accepted(const UploadStep& step, const http::Url& url,
                                  const std::vector<std::string>& headers,
                                  const MakeUpload* upload) {
    // Step is sent once: the place of an upload moves on with what it has got, so that only the
    // whole can be repeated.
    auto response = session_.send_once([&] {
      http::Request request{.method = step.method, .url = url, .headers = headers};
      if (upload != nullptr) request.upload = (*upload)();
      return request;
    });
    if (!response) return response;
    if (std::ranges::find(step.statuses, response->status) == step.statuses.end()) {
      return std::unexpected(session_.error_of(*response, "upload to " + reference_.text));
    }
    return response;
  }

  /// Where the next step goes.
  Result<http::Url> next_place(const UploadStep& step, const http::Url& url,
                               const std::vector<std::string>& headers, const MakeUpload* upload) {
    const auto response = accepted(step, url, headers, upload);
    if (!response) return pass(response);
    if (!response->header("location").empty()) return session_.location(*response);
    if (!step.needs_location) return url;
    return fail(ErrorCode::unsupported,
                fmt::format("{} answers with status {} and names no place for the upload",
                            reference_.registry, response->status),
                "check that this is the address of a registry that may be written");
  }

  /// The registry's own word on what it has stored.
  Result<void> check_said(const http::Response& response, const ContentDigest& stored) const {
    const auto said = parse_digest(response.header("docker-content-digest"));
    if (!said || said->algorithm != stored.algorithm || *said == stored) return {};
    return fail(ErrorCode::malformed,
                fmt::format("{} says it has stored {} instead of {}", reference_.registry,
                            said->text(), stored.text()),
                "what was sent was damaged or changed on its way: push again");
  }

  Result<void> put_manifest(const std::string& manifest) {
    const auto url = session_.repository_url("manifests/" + reference_.target());
    if (!url) return pass(url);
    // Manifest may be sent again, because the same one put twice changes nothing.
    const auto response = session_.send([&] {
      http::Request request{.method = "PUT",
                            .url = *url,
                            .headers = {"Content-Type: " + std::string(oci_manifest_type)}};
      request.upload = upload_of(manifest);
      return request;
    });
    if (!response) return pass(response);
    if (response->status < 200 || response->status > 204) {
      return std::unexpected(session_.error_of(*response, "manifest of " + reference_.text));
    }
    return check_said(*response, digest_of(DigestAlgorithm::sha256, as_bytes(manifest)));
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
  if (!source) return pass(source);
  return Push(settings_, reference, options, clock_, random_).run(*source, kind, options);
}

}  // namespace trellis::package
