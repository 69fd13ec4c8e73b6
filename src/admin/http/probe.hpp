// Probes of supervisors, load balancers and collectors of figures, over HTTP.
//
//   GET /livez    200 {"live":true} as long as the process answers at all
//   GET /readyz   200 {"ready":true,"reasons":[]}, or 503 with the reasons
//   GET /metrics  200 with the figures of metrics.hpp
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "admin/http/readiness.hpp"
#include "codec/messages/httpserver.hpp"

namespace trellis::admin {

/// Sources of the answers; called by whoever answers, from several threads at once.
struct ProbeSources {
  std::function<Readiness()> readiness;
  std::function<std::string()> metrics;  ///< null: 404
};

/// The views are valid until it is answered.
struct Probe {
  std::string_view method;
  std::string_view path;  ///< without query
  std::string_view host;  ///< the header, with or without port; empty where there is none
};

/// Errors are answers too: 404, 405, and 421 for a Host that is not this machine. Asks the sources
/// and nothing else; any thread.
[[nodiscard]] codec::httpserver::Response answer_probe(const Probe& probe,
                                                       const ProbeSources& sources);

}  // namespace trellis::admin
