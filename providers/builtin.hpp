// The providers of this folder, as the binary has them; hosts are given them by
// trellis/builtins.hpp.
#pragma once

#include <span>
#include <string_view>

#include "trellis/host_types.hpp"

namespace trellis::providers {

/// Every built-in provider, sorted by name. Any thread; with static lifetime.
[[nodiscard]] std::span<const BuiltinProvider> builtins();

/// Null for an unknown name ("builtin:keyvalue").
[[nodiscard]] const BuiltinProvider* builtin_of(std::string_view name);
/// The table of the provider `name`; null for an unknown name.
[[nodiscard]] const trellis_provider_table* find_builtin(std::string_view name);

}  // namespace trellis::providers
