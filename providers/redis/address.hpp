// Address of a Redis server, and how to enter it: the URL of a link (contracts.md 3.3).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "trellis/result.hpp"

namespace trellis::providers::redis {

/// Server that actors are given when a link names none.
inline constexpr std::string_view default_url = "redis://127.0.0.1:6379/";

/// A parsed URL. Plain values; any thread.
struct Address {
  std::string host;  ///< name or number, an IPv6 address without brackets
  std::uint16_t port = 6379;
  std::string user;      ///< empty: the server's default user
  std::string password;  ///< empty: no login
  std::uint32_t database = 0;
  bool tls = false;  ///< rediss://

  /// "host:port", for people: never with user or password.
  [[nodiscard]] std::string shown() const;

  friend bool operator==(const Address&, const Address&) = default;
};

/// `redis://[[user]:password@]host[:port][/database]`, or the same with `rediss` for TLS; user and
/// password percent-encoded where they hold characters of the syntax. The host 0.0.0.0 is taken for
/// 127.0.0.1 (contracts.md 3.11). Errors: invalid_argument. No error quotes user or password.
[[nodiscard]] Result<Address> parse_address(std::string_view url);

}  // namespace trellis::providers::redis
