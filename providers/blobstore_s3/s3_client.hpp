// Signed requests to one S3 server.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/call_limits.hpp"
#include "codec/fields.hpp"
#include "http/url.hpp"
#include "providers/blobstore_s3/credentials.hpp"
#include "providers/net/client_pool.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::blobstore_s3 {

struct Options {
  Credentials credentials;
  std::string region = "us-east-1";
  http::Url endpoint = {};
  std::string base_path;                 ///< of the endpoint: before each bucket
  bool virtual_hosts = false;            ///< the bucket is part of the host's name, not of the path
  std::optional<SteadyTime> token_ends;  ///< when the session token is no longer good
  std::string proxy;
  std::string ca_file;
  std::size_t connections = 16;
  std::chrono::milliseconds timeout{30'000};
  std::uint64_t max_blob_bytes = std::uint64_t{5} << 30;
  std::uint64_t max_objects = 100'000;
};

/// Errors name the key, and never a secret.
[[nodiscard]] Result<Options> read_options(const codec::StringMap& values,
                                           const Environment& environment);

/// Any thread. Deadlines are on std::chrono::steady_clock.
class S3Client {
 public:
  S3Client(Options options, std::stop_token stop);

  struct Request {
    std::string method;
    std::string bucket;
    std::string key = {};  ///< empty: the bucket itself
    std::map<std::string, std::string> query = {};
    std::map<std::string, std::string> headers = {};  ///< lower-case names
    ByteView body = {};
    std::size_t max_answer_bytes = 4 * limits::mib;
  };
  /// An answer of 200 to 299. Other statuses are errors: not_found for 404, denied for 401 and 403,
  /// already_exists for 409, unavailable for others, with what the server said; and those of
  /// http::Client::send.
  [[nodiscard]] Result<http::Response> send(const Request& request, SteadyTime deadline);

  [[nodiscard]] const Options& options() const noexcept { return options_; }

 private:
  [[nodiscard]] Result<http::Request> prepare(const Request& request) const;

  const Options options_;
  const std::stop_token stop_;
  ClientPool clients_;
};

/// Whether a bucket can be part of the name of a host. Error: invalid_argument.
[[nodiscard]] Result<void> check_virtual(std::string_view bucket, const http::Url& endpoint);
/// Whether a text can be the name of a bucket or key. Error: invalid_argument.
[[nodiscard]] Result<void> check_bucket(std::string_view name);
[[nodiscard]] Result<void> check_key(std::string_view name);

}  // namespace trellis::providers::blobstore_s3
