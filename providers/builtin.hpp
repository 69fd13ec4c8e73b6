// The providers that are linked into the host.
#pragma once

#include <span>
#include <string_view>

struct trellis_provider_table;

namespace trellis::providers {

struct Builtin {
  std::string_view name;  ///< how manifests and commands refer to it: "builtin:keyvalue"
  const trellis_provider_table* table;
  /// Public key that the provider has on every host, or empty when each host chooses one.
  std::string_view fixed_key;
  /// Keeps to the host's memory and log: no files, no connections, no addresses. What is not said
  /// to be so is not.
  bool confined = false;
};

/// All of them. Any thread; the tables have static lifetime.
[[nodiscard]] std::span<const Builtin> builtins() noexcept;

/// Null for an unknown name.
[[nodiscard]] const Builtin* builtin_of(std::string_view name) noexcept;
/// Its table; null for an unknown name.
[[nodiscard]] const trellis_provider_table* find_builtin(std::string_view name) noexcept;

}  // namespace trellis::providers
