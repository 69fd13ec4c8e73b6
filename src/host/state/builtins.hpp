// Built-in providers: those that a program hands its host (HostOptions::builtins).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "trellis/host_types.hpp"
#include "trellis/result.hpp"

namespace trellis::host {

/// Prefix of references to providers that are linked into the host.
inline constexpr std::string_view builtin_prefix = "builtin:";
/// Provider that a host starts by itself where it has it.
inline constexpr std::string_view extras_reference = "builtin:extras";

/// Whether each can be started: a name of its own with the prefix, a table. Errors:
/// invalid_argument.
[[nodiscard]] Result<void> check_builtins(std::span<const BuiltinProvider> builtins);

/// Null for an unknown name.
[[nodiscard]] const BuiltinProvider* find_builtin(std::span<const BuiltinProvider> builtins,
                                                  std::string_view name) noexcept;

/// Key of a builtin, equal on every host (host/state/names.hpp, unsigned_provider_key); nothing for
/// an unknown name.
[[nodiscard]] std::optional<std::string> builtin_provider_key(
    std::span<const BuiltinProvider> builtins, std::string_view name);

/// "builtin:extras, builtin:keyvalue", for remedies.
[[nodiscard]] std::string names_of(std::span<const BuiltinProvider> builtins);

}  // namespace trellis::host
