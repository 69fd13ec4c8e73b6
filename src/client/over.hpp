// A client over connections that exist already: tests have an in-memory network.
#pragma once

#include <memory>

#include "nats/transport.hpp"
#include "trellis/client.hpp"
#include "trellis/result.hpp"

namespace trellis::client {

/// Way into a Client, for this folder. Any thread.
class ClientAccess {
 public:
  /// `rpc` and `control` may be the same. Errors: a namespace or a seed that is none.
  [[nodiscard]] static Result<std::unique_ptr<Client>> over(
      const ClientOptions& options, std::shared_ptr<nats::Transport> rpc,
      std::shared_ptr<nats::Transport> control);
};

}  // namespace trellis::client
