// Health rounds: a HealthRequest to every actor and provider now and then, beside the data path
// (host.md 10). Results are a state with times, for the inventory.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/redactor.hpp"
#include "host/state/registry.hpp"
#include "threads/gate.hpp"
#include "threads/guest_thread_pool.hpp"
#include "threads/timer.hpp"
#include "trellis/host_types.hpp"

namespace trellis::host {

class Router;

struct HealthOptions {
  std::chrono::milliseconds interval{0};
  std::chrono::milliseconds timeout{0};  ///< after it an entity counts as silent in this round
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<const Redactor> redactor;  ///< cleans the reasons; null: nobody does
  /// Called on a worker after each of the regular rounds, when its answers are in or overdue.
  std::function<void()> after_round;
};

/// Any thread. A round never waits for a busy actor: one that completed a call since the last round
/// has proved that it lives, one that is only busy keeps its state.
class HealthMonitor {
 public:
  HealthMonitor(HealthOptions options, const TablesSnapshot& tables, const Router& router,
                GuestThreadPool& workers, Log log);
  ~HealthMonitor();

  /// Begins the rounds; the first comes after one interval.
  void start();
  void stop();
  /// Makes one round now and waits for it, at most `timeout` and a little.
  void run_round();

  [[nodiscard]] Health of(EntityId entity) const;

 private:
  struct Record {
    Health health;
    std::uint64_t calls_before = 0;  // completed when the last round began
    bool asked = false;              // a check is under way
  };
  /// One round: who was asked in it, of the thread that asks, and the answers that are missing.
  struct Round {
    std::vector<EntityId> asked;
    Gate missing;
  };

  void schedule();
  void begin_round(const std::shared_ptr<Round>& round);
  void check_actor(const std::shared_ptr<actor::Actor>& actor, const std::shared_ptr<Round>& round);
  void check_provider(const std::shared_ptr<const ProviderEntry>& provider,
                      const std::shared_ptr<Round>& round);
  void ask(EntityId entity, const std::shared_ptr<Round>& round,
           std::function<Result<Bytes>(SteadyTime)> request);
  void record(EntityId entity, const Result<Bytes>& answer);
  void silent(EntityId entity);
  void set(Record& record, HealthState state, std::string reason) REQUIRES(mutex_);
  void forget_stopped(const Tables& tables);

  const HealthOptions options_;
  const TablesSnapshot& tables_;
  const Router& router_;
  GuestThreadPool& workers_;
  const Log log_;
  mutable Mutex mutex_;
  std::map<EntityId, Record> records_ GUARDED_BY(mutex_);
  bool stopped_ GUARDED_BY(mutex_) = false;
  Timer timer_;  // last: its jobs use everything above
};

}  // namespace trellis::host
