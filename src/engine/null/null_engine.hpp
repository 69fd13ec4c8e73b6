// The engine of native guests, for tests, fuzzing and benchmarks.
#pragma once

#include <memory>
#include <vector>

#include "engine/null/native_guest.hpp"
#include "trellis/engine.hpp"

namespace trellis::engine {

/// A runtime whose engine knows the given modules; compile() takes a module's name for its bytes.
/// Any number of them may exist, beside the process-wide one too.
[[nodiscard]] std::shared_ptr<EngineRuntime> make_null_runtime(std::vector<NativeModule> modules,
                                                               std::size_t max_instances = 100);

}  // namespace trellis::engine
