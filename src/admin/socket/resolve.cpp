#include "admin/socket/resolve.hpp"

#include "client/names.hpp"

namespace trellis::admin {

Result<std::string> resolve_actor(const Inventory& inventory, std::string_view wanted) {
  std::vector<client::Named> all;
  for (const auto& actor : inventory.actors) {
    const auto& identity = actor.identity;
    all.push_back({identity.key, identity.name, identity.call_alias, actor.source, {}, {}, {}});
  }
  const auto found = client::resolve(all, "actor", wanted, "on this host");
  if (!found) return pass(found);
  return (*found)->key;
}

Result<const ProviderInfo*> resolve_provider(const Inventory& inventory, std::string_view wanted,
                                             std::string_view link_name) {
  std::vector<client::Named> all;
  std::vector<const ProviderInfo*> infos;
  for (const auto& provider : inventory.providers) {
    if (provider.link_name != link_name) continue;
    all.push_back({provider.key,
                   provider.name,
                   {},
                   provider.source,
                   provider.contract_id,
                   provider.link_name,
                   {}});
    infos.push_back(&provider);
  }
  const auto found = client::resolve(all, "provider", wanted, "on this host");
  if (!found) return pass(found);
  return infos[static_cast<std::size_t>(*found - all.data())];
}

}  // namespace trellis::admin
