#include "providers/blobstore_s3/s3_store.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "base/text.hpp"
#include "providers/blobstore_s3/s3_upload.hpp"
#include "providers/blobstore_s3/xml.hpp"

namespace trellis::providers::blobstore_s3 {

namespace {

using blobstore::messages::Blob;
using Request = S3Client::Request;

[[nodiscard]] Result<void> check(const std::string& bucket, const std::string& key) {
  if (auto good = check_bucket(bucket); !good) return good;
  return check_key(key);
}

/// Reads ranges of an object, and notices when it was replaced meanwhile.
class S3Download final : public blobstore::Download {
 public:
  S3Download(std::shared_ptr<S3Client> client, std::string bucket, std::string key,
             std::uint64_t size, std::string etag)
      : client_(std::move(client)),
        bucket_(std::move(bucket)),
        key_(std::move(key)),
        size_(size),
        etag_(std::move(etag)) {}

  std::uint64_t size() const override { return size_; }

  Result<Bytes> read(std::uint64_t offset, std::size_t size, SteadyTime deadline) override {
    Request request{"GET", bucket_, key_};
    request.headers["range"] = fmt::format("bytes={}-{}", offset, offset + size - 1);
    // Each chunk is a request; without the condition an object replaced in between would be a
    // mixture of two.
    if (!etag_.empty()) request.headers["if-match"] = etag_;
    request.max_answer_bytes = size;
    auto response = client_->send(request, deadline);
    if (!response) return pass(response);
    // Servers that know no ranges answer 200 with everything, which is right only for the whole.
    if (response->body.size() != size || (response->status != 206 && size != size_)) {
      return fail(
          ErrorCode::malformed,
          fmt::format("S3 sent {} bytes of an object in place of {}", response->body.size(), size),
          "check that ENDPOINT names an S3 server");
    }
    return to_bytes(response->body);
  }

 private:
  const std::shared_ptr<S3Client> client_;
  const std::string bucket_;
  const std::string key_;
  const std::uint64_t size_;
  const std::string etag_;
};

}  // namespace

Result<std::string> S3Store::create_container(const std::string& id, SteadyTime deadline) {
  if (auto good = check_bucket(id); !good) return pass(good);
  const auto& region = client_->options().region;
  std::string body;
  if (region != "us-east-1") {  // there it would be an error
    body = fmt::format(
        "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        "<LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>",
        xml_escaped(region));
  }
  auto response = client_->send({"PUT", id, {}, {}, {}, as_bytes(body)}, deadline);
  if (response) return id;
  // Conflict: the bucket is ours already, which is the same as made, or somebody else's, which
  // cannot be asked for.
  if (response.error().code != ErrorCode::already_exists) return pass(response);
  if (auto there = check_bucket_there(id, deadline); !there) return pass(response);
  return id;
}

Result<void> S3Store::check_bucket_there(const std::string& bucket, SteadyTime deadline) {
  auto response = client_->send({"HEAD", bucket}, deadline);
  if (!response) return pass(response);
  return {};
}

Result<void> S3Store::remove_container(const std::string& id, SteadyTime deadline) {
  if (auto good = check_bucket(id); !good) return good;
  auto response = client_->send({"DELETE", id}, deadline);
  if (!response) return pass(response);
  return {};
}

Result<void> S3Store::remove_object(const std::string& container, const std::string& id,
                                    SteadyTime deadline) {
  if (auto good = check(container, id); !good) return good;
  // Existence is asked first: S3 itself says nothing about objects that were not there, and the
  // contract has `success: false`.
  if (auto there = head(container, id, deadline); !there) return pass(there);
  auto response = client_->send({"DELETE", container, id}, deadline);
  if (!response) return pass(response);
  return {};
}

Result<std::vector<Blob>> S3Store::list(const std::string& container, SteadyTime deadline) {
  if (auto good = check_bucket(container); !good) return pass(good);
  const auto most = client_->options().max_objects;
  std::vector<Blob> blobs;
  Request request{"GET", container, {}, {{"list-type", "2"}}};
  while (true) {
    auto response = client_->send(request, deadline);
    if (!response) return pass(response);
    auto listing = parse_listing(response->body);
    if (!listing) return pass(listing);
    for (auto& object : listing->objects) {
      blobs.push_back({std::move(object.key), {container}, object.size});
    }
    // Refusal instead of a shorter list: an actor would take a part for everything.
    if (blobs.size() > most) {
      return fail(ErrorCode::limit, fmt::format("the bucket has more than {} objects", most),
                  "raise MAX_OBJECTS of the link");
    }
    if (!listing->truncated) return blobs;
    if (listing->objects.empty()) {  // a server that never ends
      return fail(ErrorCode::malformed, "S3 lists nothing and says that there is more");
    }
    // All pages: the first-party provider stops after 1000 entries (contracts.md 3.6).
    request.query["continuation-token"] = listing->next;
  }
}

Result<S3Store::Head> S3Store::head(const std::string& container, const std::string& id,
                                    SteadyTime deadline) {
  auto response = client_->send({"HEAD", container, id}, deadline);
  if (!response) return pass(response);
  // Size of the object, not of this answer: HEAD has no body.
  const auto text = response->header("content-length");
  Head head{0, response->header("etag")};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), head.size);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return fail(ErrorCode::malformed, "S3 does not say how large the object is",
                "check that ENDPOINT names an S3 server");
  }
  return head;
}

Result<std::optional<Blob>> S3Store::info(const std::string& container, const std::string& id,
                                          SteadyTime deadline) {
  if (auto good = check(container, id); !good) return pass(good);
  auto found = head(container, id, deadline);
  if (found) return Blob{id, {container}, found->size};
  if (found.error().code == ErrorCode::not_found) return std::nullopt;
  return pass(found);
}

Result<std::unique_ptr<blobstore::Upload>> S3Store::upload(const std::string& container,
                                                           const std::string& id,
                                                           std::uint64_t size,
                                                           SteadyTime deadline) {
  if (auto good = check(container, id); !good) return pass(good);
  if (size > client_->options().max_blob_bytes) {
    return fail(ErrorCode::limit,
                fmt::format("{} bytes are more than the {} of an object", size,
                            client_->options().max_blob_bytes),
                "raise MAX_BLOB_BYTES of the link");
  }
  // Bucket is asked for before anything is sent: StartUpload can still say what is wrong.
  if (auto there = check_bucket_there(container, deadline); !there) return pass(there);
  return std::make_unique<S3Upload>(client_, container, id, size);
}

Result<std::unique_ptr<blobstore::Download>> S3Store::download(const std::string& container,
                                                               const std::string& id,
                                                               SteadyTime deadline) {
  if (auto good = check(container, id); !good) return pass(good);
  auto found = head(container, id, deadline);
  if (!found) return pass(found);
  return std::make_unique<S3Download>(client_, container, id, found->size, std::move(found->etag));
}

}  // namespace trellis::providers::blobstore_s3
