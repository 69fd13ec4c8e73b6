// The steps of Signature Version 4, in the order and with the names of its documentation: canonical
// request, text to sign, key, signature. One byte of difference makes the server say 403 and no
// more.
#include "providers/blobstore_s3/sigv4.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sodium.h>

#include <array>
#include <chrono>
#include <span>

#include "base/ascii.hpp"
#include "base/calendar.hpp"
#include "base/text.hpp"

namespace trellis::providers::blobstore_s3 {

namespace {

using Digest = std::array<std::uint8_t, crypto_auth_hmacsha256_BYTES>;

[[nodiscard]] Digest hmac(ByteView key, std::string_view text) {
  Digest digest;
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, key.data(), key.size());
  const auto bytes = as_bytes(text);
  crypto_auth_hmacsha256_update(&state, bytes.data(), bytes.size());
  crypto_auth_hmacsha256_final(&state, digest.data());
  return digest;
}

// Headers in order of their names, which the map has; each line ends, the last too.
[[nodiscard]] std::string canonical_headers(const Signable& request) {
  std::string text;
  for (const auto& [name, value] : request.headers) text += fmt::format("{}:{}\n", name, value);
  return text;
}

[[nodiscard]] std::string signed_headers(const Signable& request) {
  std::string text;
  for (const auto& [name, value] : request.headers) {
    if (!text.empty()) text += ';';
    text += name;
  }
  return text;
}

}  // namespace

std::string uri_encode(std::string_view text, bool keep_slash) {
  std::string encoded;
  for (const char c : text) {
    // The unreserved characters of RFC 3986, and not what URL libraries leave alone: the server
    // encodes by itself and compares.
    const bool plain = is_letter_or_digit(c) || c == '-' || c == '_' || c == '.' || c == '~' ||
                       (c == '/' && keep_slash);
    if (plain) {
      encoded += c;
    } else {
      fmt::format_to(std::back_inserter(encoded), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::string sha256_hex(ByteView bytes) {
  std::array<std::uint8_t, crypto_hash_sha256_BYTES> digest;
  crypto_hash_sha256(digest.data(), bytes.data(), bytes.size());
  return to_hex_lower(digest);
}

std::string authorization(const Signable& request, const Credentials& credentials,
                          std::string_view region, std::string_view service,
                          std::string_view date) {
  const auto day = date.substr(0, 8);
  const auto scope = fmt::format("{}/{}/{}/aws4_request", day, region, service);
  const auto names = signed_headers(request);
  const auto canonical =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, request.path, request.query,
                  canonical_headers(request), names, request.payload_hash);
  const auto to_sign =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", date, scope, sha256_hex(as_bytes(canonical)));
  // Key for this day, region and service only: the secret itself signs nothing that goes out.
  const auto secret = "AWS4" + credentials.secret;
  auto key = hmac(as_bytes(secret), day);
  key = hmac(key, region);
  key = hmac(key, service);
  key = hmac(key, "aws4_request");
  return fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                     credentials.access_key, scope, names, to_hex_lower(hmac(key, to_sign)));
}

std::string amz_date(WallTime now) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", utc_parts(std::chrono::floor<std::chrono::seconds>(now)));
}

}  // namespace trellis::providers::blobstore_s3
