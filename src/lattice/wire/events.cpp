#include "lattice/wire/events.hpp"

#include <utility>

namespace trellis::lattice {

// Claims are measured as they will be written: a heartbeat beyond the payload limit would cost the
// control connection (lattice.md 7.3, Weakness).
std::size_t add_claims(event::Heartbeat& heartbeat, std::span<const ClaimsAdvertisement> claims,
                       std::size_t budget) {
  auto used = write_json(heartbeat).size();
  std::size_t fitted = 0;
  for (const auto& each : claims) {
    used += write_json(each).size() + 1;
    if (used > budget) break;
    heartbeat.claims.push_back(each);
    ++fitted;
  }
  return fitted;
}

std::vector<event::Heartbeat> split_entities(event::Heartbeat heartbeat, std::size_t budget) {
  std::vector<event::Heartbeat> parts(1);
  parts.front().claims = std::move(heartbeat.claims);
  std::size_t used = write_json(parts.front()).size();
  for (auto& [key, status] : heartbeat.entities) {
    const auto size = key.size() + write_json(status).size() + 4;  // quotes, colon, comma
    // Entity that is larger than the budget alone gets a heartbeat of its own.
    if (used + size > budget && !parts.back().entities.empty()) {
      parts.emplace_back();
      used = write_json(parts.back()).size();
    }
    used += size;
    parts.back().entities.emplace(key, std::move(status));
  }
  return parts;
}

}  // namespace trellis::lattice
