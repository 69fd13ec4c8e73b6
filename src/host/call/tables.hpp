// Tables that the call path reads: immutable, swapped as a whole when something changes.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actor/actor.hpp"
#include "base/cow_map.hpp"
#include "host/call/bind_latch.hpp"
#include "host/call/entities.hpp"
#include "identity/claims.hpp"
#include "threads/snapshot.hpp"
#include "trellis/host_types.hpp"

namespace trellis::host {

/// Where calls of one actor to one contract go. Sorted by (contract, link name) in Routes.
struct Route {
  std::string contract_id;
  std::string link_name;
  std::string provider_key;
  bool in_claims = false;                         ///< the actor's own claims list the contract
  std::shared_ptr<const ProviderEntry> provider;  ///< null: does not run here
  std::shared_ptr<const BindLatch> gate;          ///< closed while the first BindActor is under way
};

/// Shared, so that one changed link of an actor that has thousands copies pointers only.
using Routes = std::vector<std::shared_ptr<const Route>>;

/// The first that is not before (contract, link name).
[[nodiscard]] inline Routes::const_iterator route_place(const Routes& routes,
                                                        std::string_view contract,
                                                        std::string_view link_name) noexcept {
  const std::pair wanted(contract, link_name);
  return std::lower_bound(
      routes.begin(), routes.end(), wanted, [](const auto& route, const auto& key) {
        return std::pair<std::string_view, std::string_view>(route->contract_id, route->link_name) <
               key;
      });
}

[[nodiscard]] inline const Route* find_route(const Routes& routes, std::string_view contract,
                                             std::string_view link_name) noexcept {
  const auto at = route_place(routes, contract, link_name);
  if (at == routes.end() || (*at)->contract_id != contract || (*at)->link_name != link_name) {
    return nullptr;
  }
  return at->get();
}

/// A running actor with its routes.
struct ActorEntry {
  std::shared_ptr<actor::Actor> actor;
  std::shared_ptr<const Routes> routes;
};

/// Claims of an actor, and how they are known.
struct KnownClaims {
  identity::ActorClaims claims;
  ActorIdentity identity;  ///< the same for users of the host
  bool verified = false;   ///< from a module that was checked here; else only stated by the lattice
};

struct Tables {
  CowMap<std::shared_ptr<const ActorEntry>> actors;        // by public key
  CowMap<std::shared_ptr<const ProviderEntry>> providers;  // by provider_slot()
  CowMap<std::string> aliases;                             // call alias -> actor key
  CowMap<std::shared_ptr<const KnownClaims>> claims;       // by actor key, grow-only
};

using TablesSnapshot = Snapshot<Tables>;

/// Name of the actor or provider with this key; empty where the host knows none.
[[nodiscard]] std::string name_in(const Tables& tables, std::string_view key);

}  // namespace trellis::host
