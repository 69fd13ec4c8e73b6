// Whether a host is ready for traffic: everything healthy, every link bound. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "json/json.hpp"
#include "trellis/host_types.hpp"

namespace trellis::admin {

struct Readiness {
  std::vector<std::string> reasons;  ///< why not; empty means ready
  [[nodiscard]] bool ready() const noexcept { return reasons.empty(); }
};

/// A host that has not been asked about its health yet counts as healthy: `unknown` is no reason.
[[nodiscard]] Readiness readiness_of(const Inventory& inventory,
                                     const std::vector<LinkInfo>& links);

/// {"ready":false,"reasons":["…"]}
[[nodiscard]] nlohmann::json to_json(const Readiness& readiness);

}  // namespace trellis::admin
