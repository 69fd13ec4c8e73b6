// Things that run in a host, beside the actors.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "package/cache_file.hpp"
#include "provider/provider.hpp"
#include "trellis/clock.hpp"
#include "trellis/host_types.hpp"

namespace trellis::host {

class ProviderLink;

/// A running provider instance. Immutable.
struct ProviderEntry {
  std::string key;  ///< V…
  std::string link_name;
  provider::Description description;
  std::string source;
  ProviderMode mode = ProviderMode::automatic;  ///< as it was asked for
  WallTime started;
  std::shared_ptr<ProviderLink> link;  ///< its way into the host
  std::shared_ptr<provider::Provider> instance;
  /// Hold of a library in the cache, which a process that starts again loads again.
  package::CacheHold hold;
};

/// Key of a provider instance in tables: two instances differ in key or link name.
[[nodiscard]] inline std::string provider_slot(std::string_view key, std::string_view link_name) {
  std::string slot(key);
  slot += '/';
  slot += link_name;
  return slot;
}

/// Name that people have for a provider: "builtin:keyvalue", or the one it states.
[[nodiscard]] inline std::string_view people_name(const ProviderEntry& provider) {
  return provider.source.starts_with("builtin:") ? provider.source : provider.description.name;
}

inline constexpr std::string_view default_link_name = "default";

/// Under which the lattice cache is shown in inventories; nobody can call it (lattice.md 1.3).
inline constexpr std::string_view lattice_cache_key =
    "VAHNM37G4ARHZ3CYHB3L34M6TYQWQR6IZ4QVYC4NYZWTJCJ2LWP7S6Z2";
inline constexpr std::string_view lattice_cache_link = "__wasmcloud_lattice_cache";

}  // namespace trellis::host
