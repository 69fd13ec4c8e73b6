// The health address of a host: probes (admin/http/probe.hpp) answered by the server that actors
// have (providers/httpserver), on a loopback address.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "admin/http/probe.hpp"
#include "base/log.hpp"
#include "trellis/result.hpp"

namespace trellis::cli {

/// Its own threads answer, so that it does while the host is busy. Slow and excess connections are
/// dropped. Members: one thread at a time.
class HealthServer {
 public:
  /// `address` is "127.0.0.1:8090" or "[::1]:8090", port 0 for any. Errors: invalid_argument (no
  /// address and port, or not loopback: the answers name actors and links), unavailable (in use).
  [[nodiscard]] static Result<HealthServer> start(std::string_view address,
                                                  admin::ProbeSources sources, Log log);
  HealthServer(HealthServer&&) noexcept;
  HealthServer& operator=(HealthServer&&) = delete;
  ~HealthServer();

  /// "127.0.0.1:8090", with the real port.
  [[nodiscard]] std::string address() const;

 private:
  class Implementation;
  explicit HealthServer(std::unique_ptr<Implementation> self);
  std::unique_ptr<Implementation> self_;
};

}  // namespace trellis::cli
