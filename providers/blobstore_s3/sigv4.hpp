// AWS Signature Version 4: the proof to S3 that a request is ours.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trellis/bytes.hpp"
#include "trellis/clock.hpp"

namespace trellis::providers::blobstore_s3 {

struct Credentials {
  std::string access_key;
  std::string secret;
  std::string token;  ///< empty: none

  friend bool operator==(const Credentials&, const Credentials&) = default;
};

/// Percent-encoded as the signature wants it: everything but A-Z a-z 0-9 - _ . ~, and `/` where
/// `keep_slash`.
[[nodiscard]] std::string uri_encode(std::string_view text, bool keep_slash);

/// SHA-256 in lower-case hexadecimal.
[[nodiscard]] std::string sha256_hex(ByteView bytes);

/// Parts of a request that are signed. `path` and `query` are encoded already; the query's
/// parameters are in order of their names. `headers` have lower-case names and values without
/// blanks around.
struct Signable {
  std::string_view method;
  std::string_view path;
  std::string_view query;
  std::map<std::string, std::string> headers;  ///< `host` among them
  std::string_view payload_hash;               ///< sha256_hex of the body
};

/// The value of the header Authorization. `service` is "s3". `date` is of the header x-amz-date:
/// 20130524T000000Z. Pure; any thread.
[[nodiscard]] std::string authorization(const Signable& request, const Credentials& credentials,
                                        std::string_view region, std::string_view service,
                                        std::string_view date);

/// 20130524T000000Z
[[nodiscard]] std::string amz_date(WallTime now);

}  // namespace trellis::providers::blobstore_s3
