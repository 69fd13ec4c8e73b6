// Keeps the cache of one host and a store that all hosts share the same (lattice.md 8.10).
//
// Each round writes what was written here since the last one, then looks for what others wrote.
// Only the names of what is to be written are kept, their values are those of the cache: however
// long the store is away, it is told each once.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/rate_limited_log.hpp"
#include "lattice/cache/entries.hpp"
#include "lattice/cache/replicator.hpp"
#include "trellis/cache_store.hpp"
#include "trellis/clock.hpp"

namespace trellis::lattice {

/// Any thread; start() and stop() once each, in this order.
///
/// Entries that the store lacks were removed by another host, unless the store has lost them: a
/// server that was started anew, or one that knows nothing of what only grows, is told again what
/// is known here.
class CacheMirror {
 public:
  enum class State { connecting, connected, disconnected };

  /// `cache` outlives this; wrote() is to be its `on_write`.
  CacheMirror(std::unique_ptr<CacheStore> store, Replicator& cache, std::chrono::milliseconds poll,
              std::shared_ptr<const Clock> clock, Log log);
  ~CacheMirror();

  /// Notes a change that was made here. Only hands on.
  void wrote(const CacheEvent& event);

  /// One round. Errors: the store is away, or too slow.
  [[nodiscard]] Result<void> look(SteadyTime deadline);
  /// Rounds on a thread of its own: at once after a change here, else each `poll`.
  void start();
  /// Writes what is not written yet, if the store answers by then, and ends.
  void stop(SteadyTime deadline);

  [[nodiscard]] State state() const;
  /// Number of entries that the store holds and that are not taken, each counted when first met.
  [[nodiscard]] std::uint64_t refused() const;

 private:
  enum class Deed : bool { put, removal };
  enum class LogReason { away, back, refused, full, count };
  using Names = std::set<std::string, std::less<>>;
  using Dirty = std::map<std::string, Deed, std::less<>>;

  void run();
  [[nodiscard]] Result<void> round(SteadyTime deadline) REQUIRES(looking_);
  [[nodiscard]] Result<void> flush(SteadyTime deadline) REQUIRES(looking_);
  [[nodiscard]] Result<void> write(const std::string& key, Deed deed, SteadyTime deadline);
  [[nodiscard]] Result<void> read(bool restarted, SteadyTime deadline) REQUIRES(looking_);
  [[nodiscard]] Result<std::vector<Names>> read_indexes(SteadyTime deadline) REQUIRES(looking_);
  [[nodiscard]] Result<void> read_entries(const Filing& filing, Names& listed, bool restarted,
                                          SteadyTime deadline) REQUIRES(looking_);
  [[nodiscard]] Result<void> read_aliases(SteadyTime deadline);
  [[nodiscard]] bool has_lost(const std::vector<Names>& indexes) REQUIRES(looking_);
  void compare(const Filing& filing, const Names& present, bool lost);
  void refuse(const std::string& what, const Error& error);
  void note(const Result<void>& done);
  void report(LogReason kind, std::string_view message);

  const std::unique_ptr<CacheStore> store_;
  Replicator& cache_;
  const std::chrono::milliseconds poll_;
  const std::shared_ptr<const Clock> clock_;
  const Log log_;

  Mutex looking_;  // one round at a time; before the lock of the cache, before mutex_
  Names servers_ GUARDED_BY(looking_);            ///< each start of a server that was met
  std::string content_ GUARDED_BY(looking_);      ///< of the last round that read everything
  SteadyTime next_whole_ GUARDED_BY(looking_){};  ///< when to read it all, whatever the store says
  bool first_ GUARDED_BY(looking_) = true;
  Names unread_ GUARDED_BY(looking_);  ///< indexes that could not be read

  mutable Mutex mutex_;
  Condition moved_;
  Dirty dirty_ GUARDED_BY(mutex_);  ///< keys of texts that the store is to be told
  State state_ GUARDED_BY(mutex_) = State::connecting;
  Names refused_names_ GUARDED_BY(mutex_);  ///< what of it was met; no more than a few
  std::uint64_t refused_ GUARDED_BY(mutex_) = 0;
  bool wake_ GUARDED_BY(mutex_) = false;
  bool stopped_ GUARDED_BY(mutex_) = false;
  bool ended_ GUARDED_BY(mutex_) = false;          ///< the thread has nothing more to do
  SteadyTime last_deadline_ GUARDED_BY(mutex_){};  ///< for the last writes
  RateLimitedLog<LogReason> limited_log_;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace trellis::lattice
