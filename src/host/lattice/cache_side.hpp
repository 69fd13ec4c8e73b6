// Lattice as this host knows it: actors and links of others, told by advertisements and by the
// cache, applied to the registry, and kept for others (lattice.md 6, 8).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "actor/actor.hpp"
#include "base/log.hpp"
#include "base/memory_budget.hpp"
#include "host/lattice/shared_cache.hpp"
#include "host/state/registry.hpp"
#include "identity/claims.hpp"
#include "trellis/host_types.hpp"

namespace trellis::host {

/// Any thread, but join() is called once, first, and what advertisements tell comes on the serial
/// executor.
class CacheSide {
 public:
  /// Parts it is made from. `registry`, `executor` and `workers` outlive it.
  struct Parts {
    CacheOptions options;
    std::string ns;
    std::unique_ptr<Connection> connection;  ///< null: nothing is replicated
    std::unique_ptr<CacheStore> store;       ///< null: none; of the two one at most
    Registry& registry;
    SerialExecutor& executor;
    GuestThreadPool& workers;
    std::shared_ptr<const Clock> clock;
    std::shared_ptr<MemoryBudget> memory;
    Log log;
  };
  explicit CacheSide(Parts parts);

  /// Learns what the lattice knows. Waits for an answer, not for a server that is away.
  void join();

  // Advertisements of others.
  void take_link(Link link);
  void take_removal(const Link& key);
  void take_claims(const identity::ActorClaims& claims);

  // Changes on this host.
  void actor_known(const actor::Actor& actor);
  void link_set(const Link& link) { cache_.put_link(link, LinkOrigin::local); }
  void link_removed(const Link& key) { cache_.remove_link(key, LinkOrigin::local); }
  /// Everybody may name it by its image from now on (identity.md 6.6). Nothing for other sources.
  void remember(const std::string& source, const std::string& key);

  [[nodiscard]] std::optional<std::string> key_of_reference(std::string_view reference) const {
    return cache_.key_of_reference(reference);
  }
  /// Adds what concerns the cache.
  void describe(LatticeInfo& info) const;
  void stop(SteadyTime deadline) { cache_.stop(deadline); }

 private:
  void take_change(const lattice::EntryChange& change);

  Registry& registry_;
  SerialExecutor& executor_;
  const std::shared_ptr<const Clock> clock_;
  const Log log_;
  SharedCache cache_;
};

}  // namespace trellis::host
