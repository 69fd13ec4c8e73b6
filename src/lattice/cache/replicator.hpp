// The cache of one host, and its replication with all others (lattice.md 8.4 to 8.8).
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/random.hpp"
#include "base/rate_limit.hpp"
#include "lattice/cache/anti_entropy.hpp"
#include "lattice/cache/cache_state.hpp"
#include "lattice/cache/entries.hpp"
#include "lattice/transport.hpp"
#include "trellis/clock.hpp"

namespace trellis::lattice {

struct ReplicatorOptions {
  std::string events_subject;
  std::string replay_subject;
  std::chrono::milliseconds ack_patience{2000};    ///< for the first answer to a replay request
  std::chrono::milliseconds event_patience{1000};  ///< for each event that was announced
};

/// Any thread, but join() and the periodic calls one at a time. Without a transport it is the cache
/// of this host alone.
class Replicator {
 public:
  /// What a change made elsewhere means here. Called in order, under a lock: it must only hand on.
  using OnChange = std::function<void(const EntryChange&)>;
  /// Runs longer work off the transport's threads; false when it will not run.
  using Defer = std::function<bool(std::function<void()>)>;

  struct Counters {
    std::uint64_t received = 0;
    std::uint64_t refused = 0;   ///< malformed, or too much
    std::uint64_t repaired = 0;  ///< entries that anti-entropy put right
  };

  Replicator(Transport* transport, ReplicatorOptions options, std::shared_ptr<const Clock> clock,
             OnChange on_change, Defer defer, Log log);
  ~Replicator();

  /// Subscribes, asks for what others have, then answers such questions itself. True when somebody
  /// answered. Waits; call it again after each reconnect.
  [[nodiscard]] Result<bool> join();
  /// Asks for what was missed; part of the protocol's heartbeat.
  bool replay();
  /// Tells peers of ours what this cache looks like, so that differences are found and mended.
  void compare_with_peers();
  void stop();

  // Writes, here and everywhere. What is written already, in meaning, is not written again.
  void put_claims(const identity::ActorClaims& claims);
  void put_reference(const std::string& reference, const std::string& key);
  /// False when somebody else has the alias.
  [[nodiscard]] bool claim_alias(const std::string& alias, const std::string& actor);
  void put_link(const LinkDefinition& link);
  void remove_link(const LinkDefinition& key);

  [[nodiscard]] std::optional<std::string> key_of_reference(std::string_view reference) const;
  [[nodiscard]] LatticeEntries::ByName<std::string> references() const;
  [[nodiscard]] std::vector<LinkDefinition> links() const;
  [[nodiscard]] std::uint64_t hwm() const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] Counters counters() const;

 private:
  enum class Trouble { malformed, full, replay, unsent, count };
  struct Replay;

  void receive_event(ByteView payload);
  void answer_replay(std::string reply, std::uint64_t hwm);
  void write(const std::vector<CacheEvent>& events);
  /// Who wrote a change: what this host writes itself it knows already.
  enum class Origin { here, elsewhere };
  bool apply(const CacheEvent& event, Origin origin = Origin::elsewhere);  // requires mutex_
  void publish(const CacheEvent& event);
  void finish_replay(Replay& replay);
  void receive_sync(ByteView payload);
  void report(Trouble kind, const Error& error);

  Transport* const transport_;
  const ReplicatorOptions options_;
  const std::shared_ptr<const Clock> clock_;
  const OnChange on_change_;
  const Defer defer_;
  const Log log_;
  const std::string origin_id_;

  mutable std::mutex mutex_;
  CacheState state_;        // under mutex_
  LatticeEntries entries_;  // under mutex_
  AntiEntropy times_;       // under mutex_
  bool joining_ = false;    // under mutex_: live events wait in held_
  std::vector<CacheEvent> held_;  // under mutex_
  Counters counters_;             // under mutex_
  SteadyTime next_sync_{};        // under mutex_
  std::unique_ptr<Subscription> events_;
  std::unique_ptr<Subscription> replays_;
  std::unique_ptr<Subscription> sync_;
  RateLimit<Trouble, static_cast<std::size_t>(Trouble::count)> limit_;
};

}  // namespace trellis::lattice
