// Options of hosts that are measured: those of the binary, where nothing else is said.
#pragma once

#include "trellis/builtins.hpp"
#include "trellis/host.hpp"

namespace trellis::bench {

[[nodiscard]] inline HostOptions usual_host() {
  HostOptions options;
  options.builtins = builtin_providers();
  options.open_cache = open_redis_cache;
  return options;
}

}  // namespace trellis::bench
