#include "providers/blobstore_s3/s3_upload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/deadline.hpp"
#include "base/sizes.hpp"
#include "providers/blobstore_s3/xml.hpp"

namespace trellis::providers::blobstore_s3 {

namespace {

/// Time for giving up an upload: it happens beside other work.
constexpr std::chrono::seconds abort_time{5};

}  // namespace

S3Upload::S3Upload(std::shared_ptr<S3Client> client, std::string bucket, std::string key,
                   std::uint64_t size)
    : client_(std::move(client)),
      bucket_(std::move(bucket)),
      key_(std::move(key)),
      // Parts grow with the object, because S3 takes 10 000 of them. Rounded up, so that the last
      // one fits.
      part_bytes_(std::max(least_part_bytes, to_size(size / max_parts + 1))) {}

S3Upload::~S3Upload() {
  // Parts that were sent cost money until they are given up; nothing else removes them.
  if (upload_id_.empty()) return;
  static_cast<void>(client_->send({"DELETE", bucket_, key_, {{"uploadId", upload_id_}}},
                                  deadline_in(abort_time)));
}

Result<void> S3Upload::write(ByteView bytes, SteadyTime deadline) {
  while (!bytes.empty()) {
    // A full buffer goes only when more comes: the last part is sent by commit.
    if (buffer_.size() == part_bytes_) {
      if (auto sent = send_part(deadline); !sent) return sent;
    }
    const auto size = std::min(bytes.size(), part_bytes_ - buffer_.size());
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    bytes = bytes.subspan(size);
  }
  return {};
}

Result<void> S3Upload::begin(SteadyTime deadline) {
  auto response = client_->send({"POST", bucket_, key_, {{"uploads", ""}}}, deadline);
  if (!response) return pass(response);
  auto id = parse_upload_id(response->body);
  if (!id) return pass(id);
  upload_id_ = std::move(*id);
  return {};
}

Result<void> S3Upload::send_part(SteadyTime deadline) {
  if (upload_id_.empty()) {
    if (auto begun = begin(deadline); !begun) return begun;
  }
  auto response =
      client_->send({"PUT",
                     bucket_,
                     key_,
                     {{"partNumber", fmt::to_string(etags_.size() + 1)}, {"uploadId", upload_id_}},
                     {},
                     buffer_},
                    deadline);
  if (!response) return pass(response);
  // Tags are given back when the parts are put together: the proof that these are meant.
  etags_.push_back(response->header("etag"));
  buffer_.clear();
  return {};
}

Result<void> S3Upload::commit(SteadyTime deadline) {
  // Small objects go whole: one request in place of three, and no parts that could be left behind.
  if (upload_id_.empty()) {
    auto response = client_->send({"PUT", bucket_, key_, {}, {}, buffer_}, deadline);
    if (!response) return pass(response);
    return {};
  }
  if (auto sent = send_part(deadline); !sent) return sent;
  return complete(deadline);
}

Result<void> S3Upload::complete(SteadyTime deadline) {
  std::string body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (std::size_t i = 0; i < etags_.size(); ++i) {
    body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1,
                        xml_escaped(etags_[i]));
  }
  body += "</CompleteMultipartUpload>";
  auto response = client_->send(
      {"POST", bucket_, key_, {{"uploadId", upload_id_}}, {}, as_bytes(body)}, deadline);
  if (!response) return pass(response);
  // Body decides, not the status: S3 answers 200 at once, keeps the connection alive while it
  // works, and tells the failure at the end.
  if (const auto problem = parse_problem(response->body); !problem.code.empty()) {
    return fail(ErrorCode::unavailable, "S3 could not put the parts together: " + problem.code,
                "send the object again");
  }
  // Nothing is left to give up.
  upload_id_.clear();
  return {};
}

}  // namespace trellis::providers::blobstore_s3
