// A Redis database as the cache of a lattice (lattice.md 8.1), over what the Redis providers use.
#pragma once

#include <memory>

#include "trellis/cache_store.hpp"
#include "trellis/lattice_options.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::redis {

/// Connects when it is asked first. Errors: invalid_argument, a URL that names no database or an
/// interval that is none; without user and password. Any thread.
[[nodiscard]] Result<std::unique_ptr<CacheStore>> make_cache_store(
    const RedisCacheOptions& options);

}  // namespace trellis::providers::redis
