// Inventory of a host, as JSON with the keys of cli.md 6 and more beside them.
// Every state has its age, so that nobody takes an old one for the truth. Pure; any thread.
#pragma once

#include <vector>

#include "json/json.hpp"
#include "trellis/clock.hpp"
#include "trellis/host_types.hpp"

namespace trellis::admin {

[[nodiscard]] nlohmann::json to_json(const Health& health, WallTime now);
/// {"actors":[…],"host_id":…,"labels":{…},"providers":[…],"uptime":N}
[[nodiscard]] nlohmann::json to_json(const LatticeInfo& lattice);
[[nodiscard]] nlohmann::json to_json(const MemoryInfo& memory);
[[nodiscard]] nlohmann::json to_json(const Inventory& inventory, WallTime now);
/// {"actor_id","contract_id","link_name","provider_id","state","origin","problem","attempts",
/// "age_ms","values"}. Values that are likely secrets are masked unless somebody asked for them
/// (base/redactor.hpp).
[[nodiscard]] nlohmann::json to_json(const LinkInfo& info, WallTime now, bool show_secrets = false);
/// "links":[…] into an object, those of the host's own user first; as many as
/// limits::listed_bytes allows, how many more there are in "links_left_out".
void list_links(nlohmann::json& into, const std::vector<LinkInfo>& links, WallTime now,
                bool show_secrets = false);
/// "claims":[{"values":{"caps","iss","name","rev","sub","tags","version"}}], each value a text;
/// bounded in the same way.
void list_claims(nlohmann::json& into, const std::vector<ActorIdentity>& claims);

}  // namespace trellis::admin
