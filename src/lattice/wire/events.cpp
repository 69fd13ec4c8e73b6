#include "lattice/wire/events.hpp"

namespace trellis::lattice {

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

}  // namespace trellis::lattice
