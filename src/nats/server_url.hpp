// Addresses of NATS servers as users write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trellis/result.hpp"

namespace trellis::nats {

/// Login of a URL; a user alone is a token.
struct UrlLogin {
  std::string user;
  std::optional<std::string> password;

  friend bool operator==(const UrlLogin&, const UrlLogin&) = default;
};

/// `[nats://|tls://][user[:password]@]host[:port]`, checked, the port filled in (4222). User and
/// password are percent-encoded where they hold characters of the syntax; an IPv6 address without
/// a port may stand without brackets.
struct ServerUrl {
  std::string host;  ///< a name or an address, without brackets
  std::uint16_t port = 0;
  std::string shown;  ///< `host:port`, for people
  bool tls = false;
  std::optional<UrlLogin> login = {};
};

/// The items of a list with commas, as NATS_URL and others have them; none is empty.
[[nodiscard]] std::vector<std::string> split_servers(std::string_view list);

/// Error: invalid_argument with a remedy; never quotes user or password.
[[nodiscard]] Result<ServerUrl> parse_server_url(std::string_view text);

/// All of a list, which must not be empty; each text may be a list with commas itself.
[[nodiscard]] Result<std::vector<ServerUrl>> parse_server_urls(
    const std::vector<std::string>& texts);

/// `host:port, host:port`
[[nodiscard]] std::string shown(const std::vector<ServerUrl>& servers);

}  // namespace trellis::nats
