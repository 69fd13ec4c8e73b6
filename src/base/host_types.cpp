// Words for states and kinds, as options, listings and JSON have them: part of the interface.
#include "trellis/host_types.hpp"

#include <string_view>

namespace trellis {

std::string_view to_string(LinkState state) noexcept {
  switch (state) {
    case LinkState::waiting_for_actor: return "waiting_for_actor";
    case LinkState::waiting_for_provider: return "waiting_for_provider";
    case LinkState::elsewhere: return "elsewhere";
    case LinkState::refused: return "refused";
    case LinkState::binding: return "binding";
    case LinkState::bound: return "bound";
    case LinkState::failed: return "failed";
  }
  return "failed";
}

std::string_view to_string(LinkOrigin origin) noexcept {
  return origin == LinkOrigin::local ? "local" : "lattice";
}

std::string_view to_string(ProviderMode mode) noexcept {
  switch (mode) {
    case ProviderMode::automatic: return "auto";
    case ProviderMode::in_process: return "in-process";
    case ProviderMode::process: return "process";
  }
  return "auto";
}

std::optional<ProviderMode> provider_mode_of(std::string_view text) noexcept {
  for (const auto mode :
       {ProviderMode::automatic, ProviderMode::in_process, ProviderMode::process}) {
    if (text == to_string(mode)) return mode;
  }
  return std::nullopt;
}

std::string_view to_string(HealthState state) noexcept {
  switch (state) {
    case HealthState::unknown: return "unknown";
    case HealthState::healthy: return "healthy";
    case HealthState::unhealthy: return "unhealthy";
  }
  return "unknown";
}

std::string_view to_string(ConnectionState state) noexcept {
  switch (state) {
    case ConnectionState::none: return "none";
    case ConnectionState::connecting: return "connecting";
    case ConnectionState::connected: return "connected";
    case ConnectionState::disconnected: return "disconnected";
  }
  return "?";
}

}  // namespace trellis
