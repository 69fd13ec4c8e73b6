// The state of a host as a manifest that starts another one like it.
#pragma once

#include <string>
#include <vector>

#include "trellis/host_types.hpp"

namespace trellis::apply {

struct ExportOptions {
  bool show_secrets = false;  ///< write what is masked in listings
};

struct Exported {
  std::string text;                   ///< YAML
  std::vector<std::string> left_out;  ///< what no manifest can bring back, and why
};

/// Labels, actors with their options, providers, and links with their values, in a stable order.
/// Providers and labels of the host itself are left out. A value that listings mask is written as a
/// variable that must be set, so that no host starts with "***" for a password. Pure; any thread.
[[nodiscard]] Exported export_manifest(const Inventory& inventory,
                                       const std::vector<LinkInfo>& links,
                                       const ExportOptions& options = {});

}  // namespace trellis::apply
