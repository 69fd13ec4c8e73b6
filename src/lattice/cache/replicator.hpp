// The cache of one host, and its replication with all others (lattice.md 8.4 to 8.8).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/memory_budget.hpp"
#include "base/mutex.hpp"
#include "base/random.hpp"
#include "base/rate_limited_log.hpp"
#include "lattice/cache/anti_entropy.hpp"
#include "lattice/cache/cache_state.hpp"
#include "lattice/cache/entries.hpp"
#include "lattice/cache/replay.hpp"
#include "nats/transport.hpp"
#include "trellis/clock.hpp"

namespace trellis::lattice {

struct ReplicatorOptions {
  std::string events_subject;
  std::string replay_subject;
  ReplayPatience patience = {};
  /// Counts what the cache holds; null: nobody does.
  std::shared_ptr<MemoryBudget> memory = nullptr;
  /// Told each change that is made here, in order, under a lock: it must only hand on.
  std::function<void(const CacheEvent&)> on_write = {};
};

/// Any thread. Without a transport it is the cache of this host alone.
class Replicator {
 public:
  /// Told what a change made elsewhere means here. Called in order, under a lock: it must only hand
  /// on.
  using OnChange = std::function<void(const EntryChange&)>;
  /// Runs longer work off the transport's threads; false when it will not run. What runs after
  /// stop(), even after the end of this object, does nothing.
  using Defer = std::function<bool(std::function<void()>)>;

  struct Counters {
    std::uint64_t received = 0;
    std::uint64_t refused = 0;   ///< malformed, or too much
    std::uint64_t repaired = 0;  ///< entries that anti-entropy put right
  };

  Replicator(nats::Transport* transport, ReplicatorOptions options,
             std::shared_ptr<const Clock> clock, OnChange on_change, Defer defer, Log log);
  ~Replicator();

  /// Subscribes, asks for what others have, then answers such questions itself. True when somebody
  /// answered. Waits; call it again after each reconnect.
  [[nodiscard]] Result<bool> join();
  /// Asks for what was missed; part of the protocol's heartbeat.
  bool replay();
  /// Tells peers of ours what this cache looks like, so that differences are found and mended.
  void compare_with_peers();
  /// Ends a replay that waits, and everything else. Not from a deferred job or a handler.
  void stop();

  /// Whether to write what is written already, in meaning: not when an advertisement told of it,
  /// but when it happens here, so that peers that missed it hear of it (lattice.md 8.8, 3).
  enum class Write : bool { changes, always };
  // Writes, here and everywhere.
  void put_claims(const identity::ActorClaims& claims, Write mode = Write::changes);
  void put_reference(const std::string& reference, const std::string& key,
                     Write mode = Write::changes);
  /// False when somebody else has the alias.
  [[nodiscard]] bool register_alias(const std::string& alias, const std::string& actor,
                                    Write mode = Write::changes);
  void put_link(const LinkDefinition& link, Write mode = Write::changes);
  /// Writes nothing when there is no such link.
  void remove_link(const LinkDefinition& key);

  /// Shows what is held, under a lock; the changes that `look` returns are applied as others'.
  using Look = std::function<std::vector<CacheEvent>(const CacheState&, const LatticeEntries&)>;
  void reconcile(const Look& look);

  [[nodiscard]] std::optional<std::string> key_of_reference(std::string_view reference) const;
  [[nodiscard]] std::optional<std::string> key_of_alias(std::string_view alias) const;
  [[nodiscard]] LatticeEntries::ByName<std::string> references() const;
  [[nodiscard]] std::vector<LinkDefinition> links() const;
  [[nodiscard]] std::uint64_t hwm() const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] Counters counters() const;

 private:
  enum class LogReason { malformed, full, replay, unsent, count };
  /// Held shared while a deferred job runs.
  struct Alive {
    SharedMutex mutex;
    bool yes GUARDED_BY(mutex) = true;
  };
  struct Question {
    std::string reply;
    std::uint64_t hwm = 0;
  };
  /// Writer of a change: what this host writes itself it knows already.
  enum class Origin { here, elsewhere };

  [[nodiscard]] Result<void> listen() REQUIRES(replay_mutex_);
  [[nodiscard]] Result<void> start_answering() REQUIRES(replay_mutex_);
  [[nodiscard]] bool replay_alone() REQUIRES(replay_mutex_);
  bool later(std::function<void()> job);
  void receive_event(ByteView payload);
  void refuse(const Error& error);
  void receive_question(const nats::Message& message);
  void answer_questions();
  void answer(const Question& question);
  void receive_sync(ByteView payload);
  void merge(const SyncMessage& message) REQUIRES(mutex_);
  void send_everything();
  void send_digest();
  void write(const std::vector<CacheEvent>& events);
  void publish(const CacheEvent& event);
  /// `made`: milliseconds since 1970, 0 for what a replay brought.
  void apply(const CacheEvent& event, std::int64_t made, Origin origin = Origin::elsewhere)
      REQUIRES(mutex_);
  [[nodiscard]] bool make_room(const CacheEvent& event) REQUIRES(mutex_);
  void settle_charge() REQUIRES(mutex_);
  void finish_replay(const std::vector<CacheEvent>& replayed);
  [[nodiscard]] std::int64_t wall_ms() const;
  [[nodiscard]] std::uint64_t digest() REQUIRES(mutex_);
  [[nodiscard]] std::string sync_subject() const;
  void report(LogReason kind, std::string_view message);

  nats::Transport* const transport_;
  const ReplicatorOptions options_;
  const std::shared_ptr<const Clock> clock_;
  const OnChange on_change_;
  const Defer defer_;
  const Log log_;
  const std::string origin_id_;

  Mutex replay_mutex_;  // one replay at a time; before mutex_
  mutable Mutex mutex_;
  CacheState state_ GUARDED_BY(mutex_);
  LatticeEntries entries_ GUARDED_BY(mutex_);
  AntiEntropy times_ GUARDED_BY(mutex_);
  MemoryCharge charge_ GUARDED_BY(mutex_);             ///< for the three above
  std::shared_ptr<Replay> replay_ GUARDED_BY(mutex_);  ///< one is read, live events wait in held_
  std::vector<CacheEvent> held_ GUARDED_BY(mutex_);
  std::size_t held_bytes_ GUARDED_BY(mutex_) = 0;
  std::vector<CacheEvent> written_ GUARDED_BY(mutex_);  ///< what was written here meanwhile
  std::deque<Question> questions_ GUARDED_BY(mutex_);
  bool answering_ GUARDED_BY(mutex_) = false;
  bool stopped_ GUARDED_BY(mutex_) = false;
  Counters counters_ GUARDED_BY(mutex_);
  SteadyTime next_sync_ GUARDED_BY(mutex_){};
  std::uint64_t digest_ GUARDED_BY(mutex_) = 0;  ///< of the state after digest_hwm_ changes
  std::optional<std::uint64_t> digest_hwm_ GUARDED_BY(mutex_);
  const std::shared_ptr<Alive> alive_ = std::make_shared<Alive>();
  std::unique_ptr<nats::Subscription> events_ GUARDED_BY(replay_mutex_);
  std::unique_ptr<nats::Subscription> replays_ GUARDED_BY(replay_mutex_);
  std::unique_ptr<nats::Subscription> sync_ GUARDED_BY(replay_mutex_);
  RateLimitedLog<LogReason> limited_log_;
};

}  // namespace trellis::lattice
