// Starts V8, once per process. V8's own headers are included by this folder's other files only.
#pragma once

#include <memory>

#include "engine/engine.hpp"
#include "engine/runtime.hpp"
#include "trellis/engine.hpp"

namespace trellis::engine {

/// Sets flags, the trap handler and the platform, and initialises V8; all is undone when the engine
/// is destroyed, after which V8 cannot be started again. `parts` will own the engine. Fails with
/// already_exists on a second start.
[[nodiscard]] Result<std::unique_ptr<Engine>> start_v8_engine(RuntimeParts& parts,
                                                              const EngineOptions& options);

}  // namespace trellis::engine
