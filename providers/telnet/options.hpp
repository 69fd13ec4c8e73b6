// Options that a link may set for the telnet server of one actor (contracts.md 3.9 and
// docs/providers.md).
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/call_limits.hpp"
#include "codec/fields.hpp"
#include "providers/net/asio.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::telnet {

struct Options {
  std::vector<Endpoint> addresses;  ///< where to listen; 0.0.0.0:3000 by default
  std::string banner;               ///< of MOTD or MOTD_FILE, as it is sent
  bool require_ansi = true;         ///< refuse terminals that do not say they are ANSI-like
  std::size_t max_sessions = 256;
  std::size_t max_line_bytes = 4 * limits::kib;
  std::size_t max_pending_bytes = 256 * limits::kib;         ///< text a client has not yet taken
  std::chrono::milliseconds timeout = limits::call_timeout;  ///< of the actor's answers
  std::chrono::milliseconds idle_timeout = std::chrono::minutes(10);
  std::chrono::milliseconds terminal_timeout = std::chrono::seconds(5);
  std::chrono::milliseconds write_timeout = std::chrono::seconds(30);  ///< taking nothing

  friend bool operator==(const Options&, const Options&) = default;
};

/// Reads the values of a link, and the file of MOTD_FILE. Errors name the key. Any thread.
[[nodiscard]] Result<Options> read_options(const codec::StringMap& values);

}  // namespace trellis::providers::telnet
