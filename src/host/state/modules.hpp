// Compiled modules, shared by everything in a host that was started from the same bytes.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/mutex.hpp"
#include "trellis/bytes.hpp"
#include "trellis/engine.hpp"
#include "wapc/guest.hpp"

namespace trellis::host {

/// Keeps a module as long as somebody uses it. Any thread; two threads that ask for the same module
/// at once may both compile it, one result is kept.
class ModuleCache {
 public:
  explicit ModuleCache(std::shared_ptr<EngineRuntime> engine) : engine_(std::move(engine)) {}

  /// `hash` is the verified module hash (identity.md 3.3): modules that differ only in their tokens
  /// share their code.
  [[nodiscard]] Result<std::shared_ptr<const wapc::GuestModule>> get(
      std::string_view hash, ByteView module, const wapc::GuestLimits& limits);

 private:
  const std::shared_ptr<EngineRuntime> engine_;
  Mutex mutex_;
  std::map<std::string, std::weak_ptr<const wapc::GuestModule>> modules_ GUARDED_BY(mutex_);
};

}  // namespace trellis::host
