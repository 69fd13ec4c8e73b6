// Subscription of a transport, over all its connections.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "nats/deliveries.hpp"
#include "nats/protocol.hpp"
#include "nats/revocable_callback.hpp"
#include "nats/transport.hpp"

namespace trellis::nats {

class Session;

/// Any thread may call any member; attach() and detach() are called under the lock of the
/// transport.
class SubscriptionState : public std::enable_shared_from_this<SubscriptionState> {
 public:
  /// Like MessageHandler, but sees all that the server said.
  using Handler = std::function<void(const Message&, bool no_responders)>;
  /// Messages are dropped because the handler is slow.
  using Slow = std::function<void(const SubscriptionState&)>;

  /// `deliveries` runs the handler unless the limits say that it may run where messages are read.
  [[nodiscard]] static std::shared_ptr<SubscriptionState> make(
      std::string subject, std::string queue_group, PendingLimits limits, Handler handler,
      std::shared_ptr<Deliveries> deliveries, Slow slow, Log log);
  SubscriptionState(const SubscriptionState&) = delete;
  SubscriptionState& operator=(const SubscriptionState&) = delete;

  /// Subscribes on a connection; failing is the connection's end, and noted there. What listens on
  /// the connection before goes on until that ends.
  void attach(const std::shared_ptr<Session>& session);
  /// Unsubscribes, if the connection still lives.
  void detach();
  /// Takes the handler away: it does not run any more, unless it is the caller.
  void end();
  /// No further connection is listened on; the present one hands out what it has. Not to be called
  /// under the lock of the transport.
  void drain(SteadyTime deadline);

  /// A message has come. By one thread per connection.
  void receive(const ServerMessage& message);
  /// Runs the handler with what waits, some of it: true when there is more. By Deliveries, one
  /// thread at a time.
  [[nodiscard]] bool deliver_some();

  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }
  [[nodiscard]] const std::string& subject() const noexcept { return subject_; }
  [[nodiscard]] const std::string& queue_group() const noexcept { return queue_group_; }

 private:
  struct Waiting {
    std::string text;  ///< subject, reply and payload behind each other
    std::size_t subject = 0;
    std::size_t reply = 0;
    bool no_responders = false;
  };

  SubscriptionState(std::string subject, std::string queue_group, PendingLimits limits,
                    Handler handler, std::shared_ptr<Deliveries> deliveries, Slow slow, Log log);
  void handle(const Message& message, bool no_responders);
  void put_in_line(const ServerMessage& message);

  const std::string subject_;
  const std::string queue_group_;
  const PendingLimits limits_;
  const std::shared_ptr<Deliveries> deliveries_;
  const Slow slow_;
  const Log log_;
  RevocableCallback<const Message&, bool> slot_;
  std::atomic<std::uint64_t> dropped_{0};

  Mutex mutex_;
  Condition idle_;
  std::weak_ptr<Session> session_ GUARDED_BY(mutex_);  ///< where it listens
  std::uint64_t number_ GUARDED_BY(mutex_) = 0;        ///< its number there
  std::deque<Waiting> waiting_ GUARDED_BY(mutex_);
  std::size_t waiting_bytes_ GUARDED_BY(mutex_) = 0;
  bool in_line_ GUARDED_BY(mutex_) = false;  ///< Deliveries knows of it
  bool ended_ GUARDED_BY(mutex_) = false;
};

}  // namespace trellis::nats
