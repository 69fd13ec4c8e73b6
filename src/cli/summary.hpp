// Summary for people about a host that has just started.
#pragma once

#include <string>
#include <vector>

#include "apply/reload.hpp"
#include "cli/command.hpp"
#include "cli/terminal_table.hpp"
#include "trellis/host_types.hpp"

namespace trellis::cli {

/// Failures as `demo.yaml:12:5: actor echo.wasm: why`, each with what to do.
void print_failures(const Context& context, const apply::ApplyReport& report);
/// Links that carry nothing, and why.
void print_link_problems(const Context& context, const std::vector<LinkInfo>& links);
/// "no problems", "1 problem", "2 problems".
[[nodiscard]] std::string problem_count(std::size_t problems);

/// The addresses in a health message: "listening on http://…, https://… and 3 more".
[[nodiscard]] std::vector<std::string> urls_in(std::string_view message);
/// Where HTTP servers can be reached from this machine: what their health messages say they listen
/// on, with 127.0.0.1 for 0.0.0.0.
[[nodiscard]] std::vector<std::string> http_urls(const Inventory& inventory);

/// Actors, providers, links with their state, the addresses that are bound, and what to type next.
[[nodiscard]] std::string summary(const Inventory& inventory, const std::vector<LinkInfo>& links,
                                  const std::string& health_address, const Display& display = {});

}  // namespace trellis::cli
