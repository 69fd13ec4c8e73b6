// INFO: what a NATS server says of itself, as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nats/server_url.hpp"
#include "trellis/result.hpp"

namespace trellis::nats {

struct ServerInfo {
  std::int64_t protocol = 0;
  std::int64_t max_payload = 0;
  bool headers = false;
  bool tls_required = false;
  bool tls_available = false;
  bool lame_duck = false;          ///< it is about to end
  std::string nonce;               ///< to be signed by who logs in with a key; may be empty
  std::vector<ServerUrl> cluster;  ///< other members, as far as their addresses make sense
};

/// Members of unexpected types count as absent. Error: malformed (no JSON object, nested deeply).
[[nodiscard]] Result<ServerInfo> parse_server_info(std::string_view json);

}  // namespace trellis::nats
