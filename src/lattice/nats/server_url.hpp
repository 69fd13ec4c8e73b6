// Addresses of NATS servers as users write them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "trellis/result.hpp"

namespace trellis::lattice::nats {

/// `[nats://|tls://][user[:password]@]host[:port]`, checked, the port filled in (4222).
struct ServerUrl {
  std::string text;   ///< for the library; may hold a password
  std::string shown;  ///< `host:port`, for people
  bool tls = false;
};

/// Error: invalid_argument with a remedy; never quotes user or password.
[[nodiscard]] Result<ServerUrl> parse_server_url(std::string_view text);

/// All of a list, which must not be empty.
[[nodiscard]] Result<std::vector<ServerUrl>> parse_server_urls(
    const std::vector<std::string>& texts);

/// `host:port, host:port`
[[nodiscard]] std::string shown(const std::vector<ServerUrl>& servers);

}  // namespace trellis::lattice::nats
