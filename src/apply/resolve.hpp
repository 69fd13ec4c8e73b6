// Resolving, from what a manifest names to what a host can run: files and images are found and
// verified, references between items followed, providers that no item lists found.
#pragma once

#include <filesystem>
#include <vector>

#include "apply/report.hpp"
#include "apply/state.hpp"
#include "apply/target.hpp"
#include "manifest/manifest.hpp"

namespace trellis::apply {

struct ResolveOptions {
  /// Where relative paths are looked for, in this order; the first that exists is taken.
  std::vector<std::filesystem::path> folders = {};
  /// Open providers as well, so that what cannot be opened is known before anything is changed.
  bool inspect_providers = false;
};

struct Resolved {
  Desired desired;                   ///< without what has a problem
  std::vector<ItemReport> problems;  ///< one for each cause
  std::vector<ItemReport> skipped;   ///< links of items with a problem
};

/// Changes nothing. Blocks while files are read and images fetched; an actor that runs from the
/// very image that is asked for is not fetched again, for its registry may be out of reach.
[[nodiscard]] Resolved resolve(const Target& target, const manifest::Manifest& manifest,
                               const ResolveOptions& options);

/// Host options of an actor, as a manifest has them.
[[nodiscard]] ActorOptions options_of(const manifest::Actor& actor);

}  // namespace trellis::apply
