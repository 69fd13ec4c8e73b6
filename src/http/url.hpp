// Addresses of registries, token servers and redirects, and those that users and servers write for
// browsers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "trellis/result.hpp"

namespace trellis::http {

struct UserAndPassword {
  std::string user;
  std::string password;

  friend bool operator==(const UserAndPassword&, const UserAndPassword&) = default;
};

/// How an address is read, and whose it is.
struct UrlReading {
  /// Remedy for an address that is none.
  std::string_view remedy = "check the registry, which named it";
  /// As browsers do: blanks and characters beyond ASCII are percent-encoded, names of hosts may
  /// have them too (IDN), a backslash is a slash, a user name is a login.
  bool as_browsers = false;
};

/// An absolute http or https address. Plain values; any thread.
struct Url {
  std::string text;                           ///< normalised, without a fragment
  bool encrypted = true;                      ///< https
  std::string host;                           ///< lower case
  std::string port;                           ///< always set
  std::optional<UserAndPassword> login = {};  ///< as browsers read it; not in `text`

  /// Scheme, host and port agree: what credentials belong to.
  [[nodiscard]] bool same_origin(const Url& other) const noexcept;
  /// "https://host:port", for messages; without path and query, which may carry secrets.
  [[nodiscard]] std::string origin() const;
};

/// Errors: malformed; unsupported (a user name in it, unless it is read as browsers do).
[[nodiscard]] Result<Url> parse_url(std::string_view text, const UrlReading& reading = {});
/// `location`, absolute or relative to `base` (RFC 3986, 5).
[[nodiscard]] Result<Url> resolve_url(const Url& base, std::string_view location,
                                      const UrlReading& reading = {});
/// Everything but letters, digits and "-._~" percent-encoded: for queries and forms.
[[nodiscard]] Result<std::string> percent_encoded(std::string_view text);
/// The address of a proxy as a user writes it, perhaps with a login, which stays in it. Errors:
/// malformed.
[[nodiscard]] Result<std::string> proxy_url(std::string_view text);
/// Address with one more query parameter, its value percent-encoded.
[[nodiscard]] Result<Url> with_query(const Url& base, std::string_view name,
                                     std::string_view value);

}  // namespace trellis::http
