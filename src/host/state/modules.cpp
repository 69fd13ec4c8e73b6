#include "host/state/modules.hpp"

#include <fmt/format.h>

namespace trellis::host {

Result<std::shared_ptr<const wapc::GuestModule>> ModuleCache::get(std::string_view hash,
                                                                  ByteView module,
                                                                  const wapc::GuestLimits& limits) {
  // The limits are compiled in (memory cap), so they belong to the key.
  const auto key = fmt::format("{}/{}/{}", hash, limits.memory_pages, limits.payload_bytes);
  {
    const MutexLock lock(mutex_);
    if (const auto found = modules_.find(key); found != modules_.end()) {
      if (auto compiled = found->second.lock()) return compiled;
    }
  }
  // Compiled without the lock: it may take seconds, for which no other module shall wait.
  auto compiled = wapc::GuestModule::compile(*engine_, module, limits);
  if (!compiled) return compiled;
  const MutexLock lock(mutex_);
  // Expired entries go whenever one is added, so that the map stays as small as what runs.
  std::erase_if(modules_, [](const auto& entry) { return entry.second.expired(); });
  auto& kept = modules_[key];
  if (auto other = kept.lock()) return other;
  kept = *compiled;
  return compiled;
}

}  // namespace trellis::host
