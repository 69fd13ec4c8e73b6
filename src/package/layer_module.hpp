// The module in a layer of files, as image builders make it of `COPY plugin.wasm /`.
#pragma once

#include <filesystem>
#include <optional>

#include "base/random.hpp"
#include "http/client.hpp"
#include "package/image_cache.hpp"

namespace trellis::package {

/// The one module that a layer (a tar, perhaps in gzip) holds, unpacked into the cache: its size
/// and digest. Nothing when the layer is itself the artifact: a module or a provider archive,
/// whatever its media type says. Other files in it are passed over. Any thread. Errors: malformed,
/// unsupported (no module, or several), limit (entries, bytes), deadline, cancelled, and those of
/// the disk.
[[nodiscard]] Result<std::optional<BlobDescriptor>> unpack_layer(const ImageCache& cache,
                                                                 const std::filesystem::path& layer,
                                                                 Random& random,
                                                                 const http::Control& control);

}  // namespace trellis::package
