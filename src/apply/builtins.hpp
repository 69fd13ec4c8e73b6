// Built-in providers by the contracts they serve.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trellis/host_types.hpp"
#include "trellis/result.hpp"

namespace trellis::apply {

/// "builtin:…" of every built-in provider. Any thread.
[[nodiscard]] std::vector<std::string_view> builtin_names(
    std::span<const BuiltinProvider> builtins);
/// Contract that a built-in provider serves; empty for an unknown name.
[[nodiscard]] std::string builtin_contract(std::span<const BuiltinProvider> builtins,
                                           std::string_view name);

/// Provider that a link without one means: the one with the contract's own name ("builtin:keyvalue"
/// of wasmcloud:keyvalue), else the only one that serves it. Error: not_found, with the choice
/// there is.
[[nodiscard]] Result<std::string> builtin_for(std::span<const BuiltinProvider> builtins,
                                              std::string_view contract);

}  // namespace trellis::apply
