// The settings of one link to messaging over NATS (messaging_nats.hpp lists the link values).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/call_limits.hpp"
#include "codec/fields.hpp"
#include "trellis/lattice_options.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::messaging_nats {

struct Options {
  NatsOptions nats;
  std::vector<std::string> subscriptions;
  std::string queue_group;
  std::size_t deliveries = 1;
  std::size_t pending_messages = 10'000;
  std::size_t pending_bytes = 16 * limits::mib;
};

/// Errors name the key; no error quotes a secret. Any thread.
[[nodiscard]] Result<Options> read_options(const codec::StringMap& values);

}  // namespace trellis::providers::messaging_nats
