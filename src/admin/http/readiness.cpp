#include "admin/http/readiness.hpp"

#include <fmt/format.h>

namespace trellis::admin {
namespace {

void add_health(Readiness& readiness, std::string_view what, const Health& health) {
  if (health.state != HealthState::unhealthy) return;
  readiness.reasons.push_back(fmt::format("{} is unhealthy: {}", what, health.reason));
}

/// Whether a link is for this host to make: in a lattice other hosts have their own part of the
/// links.
bool is_ours(const LinkInfo& info, bool in_lattice) {
  return info.state != LinkState::elsewhere &&
         !(in_lattice && info.state == LinkState::waiting_for_actor);
}

void add_link(Readiness& readiness, const LinkInfo& info) {
  if (info.state == LinkState::bound) return;
  readiness.reasons.push_back(fmt::format(
      "link of {} to {} ({}) is {}{}{}", info.link.actor, info.link.contract_id,
      info.link.link_name, to_string(info.state), info.problem.empty() ? "" : ": ", info.problem));
}

}  // namespace

Readiness readiness_of(const Inventory& inventory, const std::vector<LinkInfo>& links) {
  Readiness readiness;
  for (const auto& actor : inventory.actors) {
    add_health(readiness, fmt::format("actor {}", actor.identity.key), actor.health);
  }
  for (const auto& provider : inventory.providers) {
    add_health(readiness, fmt::format("provider {} ({})", provider.key, provider.link_name),
               provider.health);
  }
  const bool in_lattice = inventory.lattice.rpc != ConnectionState::none;
  for (const auto& info : links) {
    if (is_ours(info, in_lattice)) add_link(readiness, info);
  }
  return readiness;
}

nlohmann::json to_json(const Readiness& readiness) {
  return {{"ready", readiness.ready()}, {"reasons", readiness.reasons}};
}

}  // namespace trellis::admin
