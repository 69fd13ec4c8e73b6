// What a person is told about a host that has just started.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "control/apply.hpp"
#include "trellis/host_types.hpp"

namespace trellis::cli {

/// Failures as `demo.yaml:12: actor echo.wasm: why`, each with what to do.
void print_failures(std::ostream& err, const control::ApplyReport& report);
/// Links that carry nothing, and why.
void print_link_problems(std::ostream& err, const std::vector<LinkInfo>& links);

/// Addresses that HTTP servers listen on, as their health messages say, made fit for a browser on
/// this machine (0.0.0.0 becomes 127.0.0.1).
[[nodiscard]] std::vector<std::string> http_urls(const Inventory& inventory);

/// Actors, providers, links with their state, addresses, and what to type next.
[[nodiscard]] std::string summary(const Inventory& inventory, const std::vector<LinkInfo>& links,
                                  const std::string& health_address);

}  // namespace trellis::cli
