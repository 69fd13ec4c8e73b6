// Events that are delivered to an actor as they come.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "providers/eventstreams_redis/streams.hpp"
#include "providers/redis/connection.hpp"
#include "trellis/provider.hpp"

namespace trellis::providers::eventstreams_redis {

struct SubscriptionOptions {
  std::vector<std::string> streams;
  std::string group;  ///< empty: none
  std::chrono::milliseconds retry{30'000};
  std::uint64_t max_deliveries = 5;

  friend bool operator==(const SubscriptionOptions&, const SubscriptionOptions&) = default;
};

/// Reads on a thread of the host and a connection of its own, delivers one event after the other,
/// and comes back after every kind of trouble. Functions may be called from any thread.
class Subscription {
 public:
  using Positions = std::map<std::string, std::string, std::less<>>;

  /// `positions`: the last event of each stream that was delivered before; streams without one
  /// begin with what comes from now on. Errors: those of Redis, and unavailable without a thread.
  [[nodiscard]] static Result<std::shared_ptr<Subscription>> start(sdk23::Host host, Log log,
                                                                   std::string actor,
                                                                   Streams streams,
                                                                   SubscriptionOptions options,
                                                                   Positions positions);
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;
  /// Ends it; a delivery under way is waited for.
  ~Subscription();

  /// Begins no further delivery, and ends all waiting for Redis.
  void end() noexcept;
  /// Waits until the thread has ended; after end(), by one thread.
  void join() noexcept { thread_.reset(); }
  /// Positions that the next subscription begins with; none in a group, which Redis keeps.
  [[nodiscard]] Positions positions() const;

 private:
  Subscription(sdk23::Host host, Log log, std::string actor, Streams streams,
               SubscriptionOptions options, Positions positions);

  [[nodiscard]] Result<void> prepare();
  void run();
  [[nodiscard]] Result<void> read_on(redis::Connection& connection);
  [[nodiscard]] Result<redis::Reply> read(redis::Connection& connection);
  [[nodiscard]] Result<void> take(redis::Connection& connection, redis::Reply&& streams);
  [[nodiscard]] Result<void> deliver(redis::Connection& connection, const std::string& stream,
                                     redis::Reply&& entry);
  [[nodiscard]] Result<void> retry(redis::Connection& connection);
  [[nodiscard]] Result<void> retry(redis::Connection& connection, const std::string& stream);
  [[nodiscard]] Result<void> acknowledge(redis::Connection& connection, const std::string& stream,
                                         const std::string& id);
  [[nodiscard]] Result<redis::Reply> ask(redis::Connection& connection,
                                         const redis::Command& command) const;
  [[nodiscard]] bool pass_by(const std::string& stream, const std::string& id);
  [[nodiscard]] bool hand_over(const messages::Event& event) const;
  void pause(std::chrono::milliseconds time) const;

  const sdk23::Host host_;
  const Log log_;
  const std::string actor_;
  const Streams streams_;
  const SubscriptionOptions options_;
  const Descriptor wake_;  ///< readable once ended
  std::atomic<bool> ended_{false};
  SteadyTime next_retry_{};  // of the thread
  mutable Mutex mutex_;
  Positions positions_ GUARDED_BY(mutex_);
  std::optional<sdk23::HostThread> thread_;  // the last member: it uses all others
};

}  // namespace trellis::providers::eventstreams_redis
