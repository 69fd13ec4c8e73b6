// The thread of a transport that runs handlers of messages which may take a moment.
#pragma once

#include <deque>
#include <memory>
#include <thread>

#include "base/mutex.hpp"

namespace trellis::nats {

class SubscriptionState;

/// Any thread may call any member. Its thread starts with the first message and keeps it alive.
class Deliveries : public std::enable_shared_from_this<Deliveries> {
 public:
  [[nodiscard]] static std::shared_ptr<Deliveries> make();
  Deliveries(const Deliveries&) = delete;
  Deliveries& operator=(const Deliveries&) = delete;

  /// The subscription has messages; it is not added again before it has had its turn.
  void add(std::shared_ptr<SubscriptionState> subscription);
  /// Ends the thread, waiting for a handler that runs unless it is the caller. What has not been
  /// delivered is dropped, now and later.
  void end();

 private:
  Deliveries() = default;
  void run();
  [[nodiscard]] std::shared_ptr<SubscriptionState> next();

  Mutex mutex_;
  Condition added_;
  std::deque<std::shared_ptr<SubscriptionState>> line_ GUARDED_BY(mutex_);
  bool ending_ GUARDED_BY(mutex_) = false;
  std::thread thread_ GUARDED_BY(mutex_);
};

}  // namespace trellis::nats
