// Options that a link may set for the HTTP server of one actor (contracts.md 3.1 and
// docs/httpserver.md).
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/call_limits.hpp"
#include "codec/fields.hpp"
#include "providers/httpserver/cors.hpp"
#include "providers/net/asio.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::httpserver {

struct Options {
  /// Where to listen; port 0 is any free port. Never empty, each address once.
  std::vector<Endpoint> addresses;
  std::optional<unsigned> workers;  ///< threads wanted; absent: one for each core

  std::chrono::milliseconds timeout = limits::call_timeout;  ///< of the actor's answer
  /// A started request must be complete, and a response taken, within this time for each 16 KiB.
  std::chrono::milliseconds header_timeout = std::chrono::seconds(10);
  std::chrono::milliseconds idle_timeout = std::chrono::seconds(60);  ///< between requests
  std::size_t max_body_bytes = 8 * limits::mib;
  std::size_t max_header_bytes = 32 * limits::kib;  ///< request line and headers
  std::size_t max_connections = 4096;

  std::string tls_cert;  ///< PEM files; both or neither
  std::string tls_key;
  bool access_log = false;
  bool show_errors = false;  ///< in the bodies of responses: for development

  /// Whether other links may have the same addresses: there is a HOSTS or a PATH_PREFIX.
  bool shared = false;
  /// Lower case; "*.example.com" is every name below example.com. Empty: any host.
  std::vector<std::string> hosts;
  std::string path_prefix;  ///< "/api"; empty: any path
  bool strip_prefix = false;
  std::optional<CorsRules> cors;

  [[nodiscard]] bool tls() const noexcept { return !tls_cert.empty(); }
  friend bool operator==(const Options&, const Options&) = default;
};

struct ParsedOptions {
  Options options;
  std::vector<std::string> warnings;
};

/// Reads the values of a link; hidden ones (names starting with `__`) are passed over. Errors name
/// the key. Any thread.
[[nodiscard]] Result<ParsedOptions> read_options(const codec::StringMap& values);

}  // namespace trellis::providers::httpserver
