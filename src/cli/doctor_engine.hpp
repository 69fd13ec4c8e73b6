// A trial of the WebAssembly engine that survives the engine's death.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "trellis/result.hpp"

namespace trellis::cli {

/// Runs `work` in a child process and returns its answer; fails when the child dies, says nothing
/// or takes longer than `timeout` (it is then killed). The caller must have one thread only.
[[nodiscard]] Result<std::string> run_in_child(const std::function<Result<std::string>()>& work,
                                               std::chrono::milliseconds timeout);

/// Starts the engine in this process and runs a guest of a few bytes: name and version of the
/// engine. Can be done once per process.
[[nodiscard]] Result<std::string> run_engine_once();

}  // namespace trellis::cli
