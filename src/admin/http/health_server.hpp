// GET /livez, /readyz and /metrics over HTTP on a loopback address, for supervisors, load balancers
// and whoever collects figures.
//
//   /livez    200 {"live":true} as long as the process answers at all
//   /readyz   200 {"ready":true,"reasons":[]}, or 503 with the reasons
//   /metrics  200 with the figures of metrics.hpp
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "admin/http/readiness.hpp"
#include "base/log.hpp"
#include "trellis/result.hpp"

namespace trellis::admin {

/// What the answers are made of; called on the server's thread.
struct ProbeSources {
  std::function<Readiness()> readiness;
  std::function<std::string()> metrics;  ///< null: 404
};

/// The answer to the head of one request: a complete HTTP/1.1 response. Pure; any thread.
[[nodiscard]] std::string answer_probe(std::string_view head, const ProbeSources& sources);

/// One thread for all connections; each gets one answer and is closed. Slow and excess connections
/// are dropped. Members: one thread at a time.
class HealthServer {
 public:
  /// `address` is "127.0.0.1:8090" or "[::1]:8090", port 0 for any. Only loopback addresses are
  /// accepted: the answers name actors and links.
  [[nodiscard]] static Result<HealthServer> start(std::string_view address, ProbeSources sources,
                                                  Log log);
  HealthServer(HealthServer&&) noexcept;
  HealthServer& operator=(HealthServer&&) = delete;
  ~HealthServer();

  /// "127.0.0.1:8090", with the real port.
  [[nodiscard]] const std::string& address() const noexcept;

 private:
  class Implementation;
  explicit HealthServer(std::unique_ptr<Implementation> self);
  std::unique_ptr<Implementation> self_;
};

}  // namespace trellis::admin
