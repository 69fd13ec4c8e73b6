// Listening on a loopback address and nothing else.
#pragma once

#include <string>
#include <string_view>

#include "base/descriptor.hpp"
#include "trellis/result.hpp"

namespace trellis::admin {

struct LoopbackListener {
  Descriptor socket;    ///< listens, does not block
  std::string address;  ///< with the real port: "127.0.0.1:8090", "[::1]:8090"
};

/// Errors: invalid_argument (no address and port, or not loopback), unavailable (in use). Any
/// thread.
[[nodiscard]] Result<LoopbackListener> listen_on_loopback(std::string_view address);

}  // namespace trellis::admin
