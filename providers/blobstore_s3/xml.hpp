// Answers of S3, as far as they are read. They come from outside: bounded in depth and number, and
// with a document type they are refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "trellis/result.hpp"

namespace trellis::providers::blobstore_s3 {

/// Answer to ListObjectsV2.
struct Listing {
  struct Object {
    std::string key;
    std::uint64_t size = 0;
  };
  std::vector<Object> objects;
  bool truncated = false;
  std::string next;  ///< continuation token
};

/// Answer `<Error>`; empty where the text is none.
struct Problem {
  std::string code;
  std::string message;
};

/// Errors: malformed, limit. Any thread.
[[nodiscard]] Result<Listing> parse_listing(std::string_view text);
/// UploadId of InitiateMultipartUpload. Error: malformed.
[[nodiscard]] Result<std::string> parse_upload_id(std::string_view text);
[[nodiscard]] Problem parse_problem(std::string_view text);
/// Text between tags.
[[nodiscard]] std::string xml_escaped(std::string_view text);

}  // namespace trellis::providers::blobstore_s3
