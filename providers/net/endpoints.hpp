// The link values BIND and PORT, the same for every provider that listens.
#pragma once

#include <cstdint>
#include <vector>

#include "codec/fields.hpp"
#include "providers/net/asio.hpp"
#include "trellis/result.hpp"

namespace trellis::providers {

/// Where to listen: `BIND` is a comma-separated list of `IP:PORT`, `[IPv6]:PORT` or a bare port,
/// which means 0.0.0.0; `PORT` is one port of 0.0.0.0 more; with neither it is `default_port` of
/// 0.0.0.0. Port 0 is any free port. Never empty, at most 16, each once. Errors name the key. Any
/// thread.
[[nodiscard]] Result<std::vector<Endpoint>> read_endpoints(const codec::StringMap& values,
                                                           std::uint16_t default_port);

/// `[::]:80` serves IPv4 too unless the list has an IPv4 address for that port.
[[nodiscard]] bool needs_v6_only(const std::vector<Endpoint>& all, const Endpoint& endpoint);

}  // namespace trellis::providers
