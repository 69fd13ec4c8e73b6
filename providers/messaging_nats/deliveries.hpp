// Messages on their way to one actor.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/rate_limit.hpp"
#include "codec/messages/messaging.hpp"
#include "trellis/provider.hpp"

namespace trellis::providers::messaging_nats {

/// A bounded queue for each subscription, and threads of the host that deliver what is in them: so
/// many messages of one subscription at a time, in turn between subscriptions. Any thread may call
/// any member.
class Deliveries {
 public:
  struct Bounds {
    std::size_t queues = 1;
    std::size_t at_a_time = 1;  ///< of one queue
    std::size_t messages = 10'000;
    std::size_t bytes = 0;
  };
  [[nodiscard]] static Result<std::shared_ptr<Deliveries>> start(sdk23::Host host, Log log,
                                                                 std::string actor, Bounds bounds);
  Deliveries(const Deliveries&) = delete;
  Deliveries& operator=(const Deliveries&) = delete;
  ~Deliveries();

  /// Never waits: what does not fit is dropped and counted.
  void put(std::size_t queue, codec::messaging::BrokerMessage message);
  /// Drops what waits, and lets no more in. Deliveries under way end by themselves.
  void end();
  /// Waits for the threads; after end(), by one thread.
  void join() { threads_.clear(); }
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  struct Queue {
    std::deque<codec::messaging::BrokerMessage> messages;
    std::size_t under_way = 0;
  };

  Deliveries(sdk23::Host host, Log log, std::string actor, Bounds bounds);
  void run();
  [[nodiscard]] Queue* next() REQUIRES(mutex_);
  void deliver(const codec::messaging::BrokerMessage& message) const;

  const sdk23::Host host_;
  const Log log_;
  const std::string actor_;
  const Bounds bounds_;
  mutable Mutex mutex_;
  Condition changed_;
  std::vector<Queue> queues_ GUARDED_BY(mutex_);
  std::size_t turn_ GUARDED_BY(mutex_) = 0;  ///< which queue is looked at first
  std::size_t messages_ GUARDED_BY(mutex_) = 0;
  std::size_t bytes_ GUARDED_BY(mutex_) = 0;
  std::uint64_t dropped_ GUARDED_BY(mutex_) = 0;
  bool ended_ GUARDED_BY(mutex_) = false;
  enum class LogReason { dropped };
  RateLimit<LogReason, 1> log_limit_;
  std::vector<sdk23::HostThread> threads_;  // the last member: they use all others
};

}  // namespace trellis::providers::messaging_nats
