// From a tree to a manifest: names, types and bounds of everything in it.
#pragma once

#include "manifest/manifest.hpp"
#include "manifest/node.hpp"
#include "manifest/places.hpp"

namespace trellis::manifest {

/// Errors as of parse(). Any thread.
[[nodiscard]] Result<Manifest> read_manifest(const Node& root, Format format,
                                             const ParseOptions& options, const Places& places);

}  // namespace trellis::manifest
