// A Redis database as the cache of a lattice (lattice.md 8.1), over what the Redis providers use.
#pragma once

#include <memory>

#include "host/lattice/lattice_plane.hpp"
#include "lattice/cache/store.hpp"
#include "trellis/lattice_options.hpp"
#include "trellis/result.hpp"

namespace trellis::host {

/// Connects when it is asked first. Errors: invalid_argument, a URL that names no database or an
/// interval that is none; without user and password.
[[nodiscard]] Result<std::unique_ptr<lattice::CacheStore>> make_redis_store(
    const RedisCacheOptions& options);

/// The way to Redis servers.
[[nodiscard]] OpenStore redis_stores();

}  // namespace trellis::host
