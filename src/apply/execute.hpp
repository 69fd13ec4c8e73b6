// Carries a plan out on a host.
#pragma once

#include <functional>
#include <vector>

#include "apply/plan.hpp"
#include "apply/report.hpp"
#include "apply/target.hpp"

namespace trellis::apply {

/// Does the steps in their order and goes on after failures; `managed` is what manifests have
/// brought into the host, before and after. `cancelled` is asked between steps; true leaves the
/// rest undone. Nothing is stopped or unlinked for good while something else cannot be started, so
/// that a mistake never takes away what works: it is tried again the next time. Blocks while
/// modules are read and compiled; links are defined, not waited for.
[[nodiscard]] ApplyReport execute(Target& target, const std::vector<Step>& steps, Managed& managed,
                                  const std::function<bool()>& cancelled = {});

/// Report of a plan that is not carried out.
[[nodiscard]] ApplyReport preview(const std::vector<Step>& steps);

}  // namespace trellis::apply
