#include "providers/blobstore_s3/s3_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>

#include "base/ascii.hpp"
#include "base/deadline.hpp"
#include "base/sizes.hpp"
#include "base/text.hpp"
#include "providers/blobstore_s3/credentials.hpp"
#include "providers/blobstore_s3/xml.hpp"
#include "providers/common/link_values.hpp"

namespace trellis::providers::blobstore_s3 {

namespace {

constexpr std::array<std::string_view, 16> known_keys = {"AWS_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY",
                                                         "AWS_TOKEN",      "TOKEN_VALID_FOR",
                                                         "KEYS_FROM",      "ADDRESSING",
                                                         "REGION",         "ENDPOINT",
                                                         "HTTP_PROXY",     "CA_FILE",
                                                         "CONNECTIONS",    "TIMEOUT_MS",
                                                         "MAX_BLOB_BYTES", "MAX_OBJECTS",
                                                         "CHUNK_FORMAT",   "FIRST_SEQUENCE"};
constexpr http::UrlReading of_link{"write it as https://host:port or https://host/path"};
constexpr std::size_t max_bucket_bytes = 63;
constexpr std::size_t max_key_bytes = 1024;

[[nodiscard]] Result<http::Url> read_endpoint(const codec::StringMap& values,
                                              std::string_view region) {
  std::string text(text_value(values, "ENDPOINT"));
  if (text.empty()) text = fmt::format("s3.{}.amazonaws.com", region);
  // Bare hosts are allowed as in the first-party provider; without a scheme the safe one is meant.
  if (!text.contains("://")) text = "https://" + text;
  auto url = http::parse_url(text, of_link);
  if (!url) {
    return fail(ErrorCode::invalid_argument, "link value ENDPOINT: " + url.error().message,
                url.error().remedy);
  }
  if (url->text.contains('?')) {
    return fail(ErrorCode::invalid_argument, "link value ENDPOINT has a query",
                std::string(of_link.remedy));
  }
  return url;
}

/// Path before the bucket in each request: "" or "/store".
[[nodiscard]] std::string path_of(const http::Url& endpoint) {
  const auto begin = endpoint.text.find('/', endpoint.text.find("://") + 3);
  auto path = begin == std::string::npos ? std::string() : endpoint.text.substr(begin);
  // Slashes at the end would double, and a path that is signed with two is not the one a server
  // makes of it.
  while (path.ends_with('/')) path.pop_back();
  return path;
}

[[nodiscard]] Result<void> read_addressing(const codec::StringMap& values, Options& options) {
  const auto word = text_value(values, "ADDRESSING", "path");
  options.virtual_hosts = word == "virtual";
  if (word == "path" || word == "virtual") return {};
  return fail(ErrorCode::invalid_argument,
              fmt::format("link value ADDRESSING is neither path nor virtual: {}", excerpt(word)),
              "path: https://host/bucket/key; virtual: https://bucket.host/key");
}

/// Lifetime of a session token, from now on. The server would refuse it too, but with words that no
/// user connects with a link made hours ago.
[[nodiscard]] Result<void> read_lifetime(const codec::StringMap& values, Options& options) {
  if (!values.contains("TOKEN_VALID_FOR")) return {};
  const auto seconds = number_value(values, "TOKEN_VALID_FOR", 0, 1, 365 * 86'400);
  if (!seconds) return pass(seconds);
  if (options.credentials.token.empty()) {
    return fail(ErrorCode::invalid_argument,
                "link value TOKEN_VALID_FOR has no use: there is no session token",
                "give AWS_TOKEN too, or leave it out");
  }
  options.token_ends = deadline_in(std::chrono::seconds(*seconds));
  return {};
}

[[nodiscard]] http::Settings settings_of(const Options& options) {
  http::Settings settings;
  settings.ca_file = options.ca_file;
  settings.user_agent = "trellis-blobstore-s3";
  settings.proxy = options.proxy;
  settings.peer = "S3 server";
  return settings;
}

// Statuses as the contract's providers tell them apart; the numbers stay in the message.
[[nodiscard]] ErrorCode code_of(int status) {
  switch (status) {
    case 401:
    case 403: return ErrorCode::denied;
    case 404: return ErrorCode::not_found;
    case 409: return ErrorCode::already_exists;
    default: return ErrorCode::unavailable;  // 412 too: changed while it was read
  }
}

[[nodiscard]] std::unexpected<Error> refused(const S3Client::Request& request,
                                             const http::Response& response) {
  const auto problem = parse_problem(response.body);
  std::string what;
  append_printable(what, excerpt(problem.message.empty() ? problem.code : problem.message, 200));
  return fail(
      code_of(response.status),
      fmt::format("S3 answers {} to {} {}/{}{}{}", response.status, request.method,
                  excerpt(request.bucket), excerpt(request.key), what.empty() ? "" : ": ", what),
      response.status == 403 ? "check the keys of the link, and what they may do" : "");
}

/// Host as libcurl writes it, because it is signed: a port that the scheme has anyway is left out.
[[nodiscard]] std::string host_header(const http::Url& url) {
  const bool usual = url.port == (url.encrypted ? "443" : "80");
  return usual ? url.host : fmt::format("{}:{}", url.host, url.port);
}

}  // namespace

Result<Options> read_options(const codec::StringMap& values, const Environment& environment) {
  if (auto known = check_keys(values, known_keys); !known) return pass(known);
  Options options;
  const auto text = [&](std::string_view key) { return std::string(text_value(values, key)); };
  auto credentials = read_credentials(values, environment);
  if (!credentials) return pass(credentials);
  options.credentials = std::move(*credentials);
  if (auto read = read_lifetime(values, options); !read) return pass(read);
  if (auto read = read_addressing(values, options); !read) return pass(read);
  if (auto region = text("REGION"); !region.empty()) options.region = std::move(region);
  auto endpoint = read_endpoint(values, options.region);
  if (!endpoint) return pass(endpoint);
  options.endpoint = std::move(*endpoint);
  options.base_path = path_of(options.endpoint);
  if (const auto proxy = text("HTTP_PROXY"); !proxy.empty()) {
    auto url = http::proxy_url(proxy);
    if (!url) {
      return fail(ErrorCode::invalid_argument, "link value HTTP_PROXY: " + url.error().message,
                  url.error().remedy);
    }
    options.proxy = std::move(*url);
  }
  options.ca_file = text("CA_FILE");
  std::error_code error;
  // Looked at now: a missing file would fail each request with words about TLS.
  if (!options.ca_file.empty() && !std::filesystem::is_regular_file(options.ca_file, error)) {
    return fail(ErrorCode::invalid_argument, "link value CA_FILE: no file " + options.ca_file,
                "name a PEM file that the host can read");
  }
  const auto connections = number_value(values, "CONNECTIONS", options.connections, 1, 256);
  const auto timeout = number_value(values, "TIMEOUT_MS", 30'000, 100, 600'000);
  const auto blob =
      number_value(values, "MAX_BLOB_BYTES", options.max_blob_bytes, 1, std::uint64_t{5} << 40);
  const auto objects = number_value(values, "MAX_OBJECTS", options.max_objects, 1, 10'000'000);
  // Errors together after all four were read; each names its own key.
  for (const auto* number : {&connections, &timeout, &blob, &objects}) {
    if (!*number) return std::unexpected(number->error());
  }
  options.connections = to_size(*connections);
  options.timeout = std::chrono::milliseconds(*timeout);
  options.max_blob_bytes = *blob;
  options.max_objects = *objects;
  return options;
}

/// Bucket in a host's name: certificates (`*.host`) are for one label, and names of hosts have no
/// underscores.
Result<void> check_virtual(std::string_view bucket, const http::Url& endpoint) {
  const bool fits = !bucket.contains('_') && (!endpoint.encrypted || !bucket.contains('.'));
  if (fits) return {};
  return fail(ErrorCode::invalid_argument,
              fmt::format("bucket \"{}\" cannot be part of a host's name", excerpt(bucket)),
              "use ADDRESSING=path, or another name");
}

Result<void> check_bucket(std::string_view name) {
  // Characters that need no escaping in a path or host, and no "..": a bucket cannot lead
  // elsewhere, however a proxy reads it. Upper case is of old buckets, which still exist.
  const bool fine =
      name.size() >= 3 && name.size() <= max_bucket_bytes &&
      std::ranges::all_of(
          name, [](char c) { return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_'; }) &&
      !name.contains("..");
  if (fine) return {};
  return fail(ErrorCode::invalid_argument,
              fmt::format("\"{}\" cannot be the name of a bucket", excerpt(name)),
              "use 3 to 63 letters, digits, dots and hyphens");
}

Result<void> check_key(std::string_view name) {
  bool fine = !name.empty() && name.size() <= max_key_bytes && is_utf8(name) &&
              std::ranges::none_of(name, [](unsigned char c) { return c < ' '; });
  // Dot segments are removed by HTTP libraries on the way: the signature would be for another path,
  // and the object another's.
  for (const auto segment : split(name, '/')) fine = fine && segment != "." && segment != "..";
  if (fine) return {};
  return fail(ErrorCode::invalid_argument,
              fmt::format("\"{}\" cannot be the name of an object", excerpt(name)),
              "use 1 to 1024 bytes of text, without . or .. between slashes");
}

S3Client::S3Client(Options options, std::stop_token stop)
    : options_(std::move(options)),
      stop_(std::move(stop)),
      clients_(settings_of(options_), options_.connections) {}

Result<http::Request> S3Client::prepare(const Request& request) const {
  // Refused here, so that the reason is ours and no request goes out for nothing.
  if (options_.token_ends && is_over(*options_.token_ends)) {
    return fail(ErrorCode::denied, "the session token of the link is no longer good",
                "put the link again with a new AWS_TOKEN (TOKEN_VALID_FOR is over)");
  }
  auto endpoint = options_.endpoint;
  auto path = options_.base_path;
  if (options_.virtual_hosts) {
    if (auto fits = check_virtual(request.bucket, endpoint); !fits) return pass(fits);
    endpoint.host = to_lower_ascii(request.bucket) + '.' + endpoint.host;
  } else {
    path += '/' + uri_encode(request.bucket, false);
  }
  if (!request.key.empty()) path += '/' + uri_encode(request.key, true);
  if (path.empty()) path = "/";
  std::string query;
  for (const auto& [name, value] : request.query) {
    if (!query.empty()) query += '&';
    query += uri_encode(name, false) + '=' + uri_encode(value, false);
  }
  // Wall clock: servers refuse a date that is 15 minutes off.
  const auto date = amz_date(std::chrono::system_clock::now());
  const auto hash = sha256_hex(request.body);
  // All headers that are sent are signed, except those that libcurl adds by itself.
  Signable signable{request.method, path, query, request.headers, hash};
  signable.headers["host"] = host_header(endpoint);
  signable.headers["x-amz-content-sha256"] = hash;
  signable.headers["x-amz-date"] = date;
  if (!options_.credentials.token.empty()) {
    signable.headers["x-amz-security-token"] = options_.credentials.token;
  }
  auto url = http::parse_url(
      fmt::format("{}{}{}{}", endpoint.origin(), path, query.empty() ? "" : "?", query), of_link);
  if (!url) return pass(url);
  http::Request made;
  made.method = request.method;
  made.url = std::move(*url);
  made.most_body_bytes = request.max_answer_bytes;
  for (const auto& [name, value] : signable.headers) {
    // libcurl writes `Host` from the URL, the same as was signed.
    if (name != "host") made.headers.push_back(fmt::format("{}: {}", name, value));
  }
  made.headers.push_back("authorization: " + authorization(signable, options_.credentials,
                                                           options_.region, "s3", date));
  made.headers.emplace_back("content-type:");  // none that was not signed
  if (!request.body.empty()) {
    made.upload = {request.body.size(),
                   // Body is borrowed, not copied: the caller holds it until send() returns.
                   [body = request.body](std::span<char> into) mutable -> Result<std::size_t> {
                     const auto size = std::min(into.size(), body.size());
                     std::memcpy(into.data(), body.data(), size);
                     body = body.subspan(size);
                     return size;
                   }};
  }
  return made;
}

Result<http::Response> S3Client::send(const Request& request, SteadyTime deadline) {
  auto prepared = prepare(request);
  if (!prepared) return pass(prepared);
  // One request may not use up a call that needs several.
  deadline = std::min(deadline, deadline_in(options_.timeout));
  auto client = clients_.borrow(deadline);
  if (!client) return pass(client);
  // Real clock for sockets; only the host's may be a test's.
  const SystemClock clock;
  auto response = client->operator->()->send(*prepared, {clock, deadline, stop_});
  if (!response) return response;
  if (response->status >= 200 && response->status < 300) return response;
  return refused(request, *response);
}

}  // namespace trellis::providers::blobstore_s3
