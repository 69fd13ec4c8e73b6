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
