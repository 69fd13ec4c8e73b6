// The capability providers that come with Trellis, for programs that embed a host. They are in the
// library trellis_builtins, beside libtrellis, which needs Boost (to build), hiredis and expat.
//
//   trellis::HostOptions options;
//   options.builtins = trellis::builtin_providers();
//   options.open_cache = trellis::open_redis_cache;  // where LatticeOptions::cache is in Redis
#pragma once

#include <memory>
#include <vector>

#include "trellis/cache_store.hpp"
#include "trellis/host_types.hpp"
#include "trellis/lattice_options.hpp"
#include "trellis/result.hpp"

namespace trellis {

/// All of them, for HostOptions::builtins: docs/providers.md tells what each does. A host gets
/// fewer when some are taken out. Any thread.
[[nodiscard]] std::vector<BuiltinProvider> builtin_providers();

/// A Redis database as the cache of a lattice, for HostOptions::open_cache. Connects when it is
/// asked first. Errors: invalid_argument, a URL that names no database or an interval that is none.
/// Any thread.
[[nodiscard]] Result<std::unique_ptr<CacheStore>> open_redis_cache(
    const RedisCacheOptions& options);

}  // namespace trellis
