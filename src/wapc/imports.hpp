// The functions a guest may import (contracts.md 1.1, 1.10, 1.11).
#pragma once

#include <span>
#include <string_view>

#include "engine/engine.hpp"
#include "trellis/result.hpp"

namespace trellis::wapc {

/// The nine functions of module `wapc`, known under `wasmbus` too.
[[nodiscard]] std::span<const engine::HostFunction> wapc_functions() noexcept;

/// The closed set of WASI, of modules `wasi_snapshot_preview1` and `wasi_unstable`. The two differ
/// in the layout poll_oneoff reads.
[[nodiscard]] std::span<const engine::HostFunction> wasi_functions(bool unstable) noexcept;

/// `env.abort` of AssemblyScript.
[[nodiscard]] std::span<const engine::HostFunction> env_functions() noexcept;

/// The host function for an import. Fails with unsupported when there is none, or when the module
/// declares another type; the text names module and function.
[[nodiscard]] Result<const engine::HostFunction*> resolve_import(const engine::Import& wanted);

}  // namespace trellis::wapc
