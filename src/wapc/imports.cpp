#include "wapc/imports.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace trellis::wapc {
namespace {

using Functions = std::span<const engine::HostFunction>;

Functions functions_of(std::string_view module) noexcept {
  // `wasmbus` is the module under which guests of the next generation import the same functions
  // (contracts.md 1.11).
  if (module == "wapc" || module == "wasmbus") return wapc_functions();
  if (module == "wasi_snapshot_preview1") return wasi_functions(false);
  if (module == "wasi_unstable") return wasi_functions(true);
  if (module == "env") return env_functions();
  return {};
}

}  // namespace

Result<const engine::HostFunction*> resolve_import(const engine::Import& wanted) {
  const Functions known = functions_of(wanted.module);
  const auto found = std::ranges::find(known, wanted.name, &engine::HostFunction::name);
  if (found == known.end()) {
    return fail(ErrorCode::unsupported,
                fmt::format("module imports function {}.{}, which this host does not provide",
                            wanted.module, wanted.name),
                "build the module without it; guests get waPC and a closed part of WASI");
  }
  if (found->signature != wanted.signature) {
    return fail(ErrorCode::unsupported,
                fmt::format("module imports function {}.{} as {}; its type is {}", wanted.module,
                            wanted.name, wasm::describe_signature(wanted.signature),
                            wasm::describe_signature(found->signature)),
                "rebuild the module with a guest library for this interface");
  }
  return &*found;
}

}  // namespace trellis::wapc
