// What a host says about itself, as JSON with the keys of cli.md 6 and more beside them.
// Every state has its age, so that nobody takes an old one for the truth. Pure; any thread.
#pragma once

#include <vector>

#include "base/json.hpp"
#include "trellis/clock.hpp"
#include "trellis/host_types.hpp"

namespace trellis::control {

[[nodiscard]] nlohmann::json to_json(const Health& health, WallTime now);
/// {"actors":[…],"host_id":…,"labels":{…},"providers":[…],"uptime":N}
[[nodiscard]] nlohmann::json to_json(const LatticeInfo& lattice);
[[nodiscard]] nlohmann::json to_json(const MemoryInfo& memory);
[[nodiscard]] nlohmann::json to_json(const Inventory& inventory, WallTime now);
/// [{"actor_id","contract_id","link_name","provider_id","state","problem","attempts","values"}]
/// Values that are likely secrets are masked unless somebody asked for them (base/redactor.hpp).
[[nodiscard]] nlohmann::json to_json(const std::vector<LinkInfo>& links, bool show_secrets = false);
/// [{"values":{"caps","iss","name","rev","sub","tags","version"}}], each value a text
[[nodiscard]] nlohmann::json to_json(const std::vector<ActorIdentity>& claims);

}  // namespace trellis::control
