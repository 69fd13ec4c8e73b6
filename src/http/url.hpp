// Addresses of registries, token servers and redirects.
#pragma once

#include <string>
#include <string_view>

#include "trellis/result.hpp"

namespace trellis::http {

/// An absolute http or https address. Plain values; any thread.
struct Url {
  std::string text;       ///< normalised, without a fragment
  bool encrypted = true;  ///< https
  std::string host;       ///< lower case
  std::string port;       ///< always set

  /// Scheme, host and port agree: what credentials belong to.
  [[nodiscard]] bool same_origin(const Url& other) const noexcept;
  /// "https://host:port", for messages; without path and query, which may carry secrets.
  [[nodiscard]] std::string origin() const;
};

/// Errors: malformed; unsupported (another scheme, or a user name in it).
[[nodiscard]] Result<Url> parse_url(std::string_view text);
/// `location`, absolute or relative to `base` (RFC 3986, 5).
[[nodiscard]] Result<Url> resolve_url(const Url& base, std::string_view location);
/// The same address with one more query parameter, its value percent-encoded.
[[nodiscard]] Result<Url> with_query(const Url& base, std::string_view name,
                                     std::string_view value);

}  // namespace trellis::http
