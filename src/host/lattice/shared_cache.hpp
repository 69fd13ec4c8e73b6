// The lattice cache as this host uses it: replicated when a connection is configured, in a store
// when one is, its own alone otherwise; links in it survive in a state directory (lattice.md 8).
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "host/lattice/connection.hpp"
#include "lattice/cache/mirror.hpp"
#include "lattice/cache/replicator.hpp"
#include "lattice/cache/state_file.hpp"
#include "threads/guest_thread_pool.hpp"
#include "threads/serial_executor.hpp"
#include "threads/timer.hpp"
#include "trellis/host_types.hpp"
#include "trellis/lattice_options.hpp"

namespace trellis::host {

/// The subjects of the cache that the options mean in this namespace.
[[nodiscard]] lattice::ReplicatorOptions replicator_options(const CacheOptions& options,
                                                            const std::string& ns);

/// Any thread, but join() and stop() are called once, in this order.
class SharedCache {
 public:
  /// Called on the serial executor with each change that was made elsewhere.
  using OnChange = std::function<void(const lattice::EntryChange&)>;

  /// One of `connection` and `store` at most; without `connection` nothing is replicated.
  SharedCache(const CacheOptions& options, const std::string& ns,
              std::unique_ptr<Connection> connection, std::unique_ptr<CacheStore> store,
              SerialExecutor& executor, GuestThreadPool& workers,
              std::shared_ptr<const Clock> clock, std::shared_ptr<MemoryBudget> memory,
              OnChange on_change, Log log);
  ~SharedCache();

  /// The saved links that this host's own user had set; for whom they come from the lattice again
  /// they are still the user's. Before join().
  [[nodiscard]] std::vector<Link> load_own_links();
  /// Learns what the lattice knows, or else what was saved. Waits for an answer, not for a server
  /// that is away.
  void join(SteadyTime patience);
  void stop(SteadyTime deadline);

  void actor_started(const identity::ActorClaims& claims, const std::string& own_alias);
  void put_claims(const identity::ActorClaims& claims) { replicator_.put_claims(claims); }
  // Links of the lattice, and of this host's own user (LinkOrigin).
  void put_link(const Link& link, LinkOrigin origin);
  void remove_link(const Link& key, LinkOrigin origin);
  void put_reference(const std::string& reference, const std::string& key) {
    replicator_.put_reference(reference, key, Write::always);
  }

  [[nodiscard]] const lattice::Replicator& replicator() const noexcept { return replicator_; }
  [[nodiscard]] Connection* connection() const noexcept { return connection_.get(); }
  /// Null: no store.
  [[nodiscard]] const lattice::CacheMirror* mirror() const noexcept { return mirror_.get(); }
  [[nodiscard]] lattice::Replicator::Counters counters() const;
  [[nodiscard]] std::size_t size() const { return replicator_.size(); }
  /// The public key behind an image reference.
  [[nodiscard]] std::optional<std::string> key_of_reference(std::string_view reference) const {
    return replicator_.key_of_reference(reference);
  }

 private:
  using Write = lattice::Replicator::Write;
  using LinkKey = std::tuple<std::string, std::string, std::string>;  // actor, contract, link name

  [[nodiscard]] lattice::ReplicatorOptions options_of_replicator(
      const std::string& ns, std::shared_ptr<MemoryBudget> memory);
  /// Whether the lattice knew anything.
  [[nodiscard]] bool join_peers(SteadyTime patience);
  void rejoin();
  /// Asks peers whether they know the same, now and once more when they have had time.
  void compare();
  void load_links();
  void links_changed();
  void save();
  void schedule_replay();

  const CacheOptions options_;
  SerialExecutor& executor_;
  GuestThreadPool& workers_;
  /// The first connection is joined by join(), which waits for it, and not again.
  std::atomic<bool> joins_itself_{true};
  const OnChange on_change_;
  const Log log_;
  const std::unique_ptr<Connection> connection_;
  std::optional<lattice::StateFile> file_;
  std::optional<lattice::StateFile> own_file_;  // which of the links this host's own user set
  lattice::Replicator replicator_;
  Mutex mutex_;
  std::map<LinkKey, Link> own_links_
      GUARDED_BY(mutex_);  ///< kept only where there is a file for them
  bool save_planned_ GUARDED_BY(mutex_) = false;
  bool stopped_ GUARDED_BY(mutex_) = false;
  Mutex saving_;  // held while the file is written
  std::unique_ptr<lattice::CacheMirror> mirror_;
  std::unique_ptr<Timer> timer_;  // last: its jobs use everything above
};

/// A link as it is on the wire and in the cache, and back.
[[nodiscard]] lattice::LinkDefinition to_definition(const Link& link);
[[nodiscard]] Link to_link(const lattice::LinkDefinition& definition);

}  // namespace trellis::host
