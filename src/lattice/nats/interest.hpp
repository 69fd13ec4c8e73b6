// What somebody listens to, over all connections of a transport.
#pragma once

#include <nats/nats.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/log.hpp"
#include "lattice/nats/call_slot.hpp"
#include "lattice/nats/callback_registry.hpp"
#include "lattice/nats/session.hpp"
#include "lattice/transport.hpp"

namespace trellis::lattice::nats {

/// Any thread may call any member; attach() and detach() are called under the lock of the
/// transport.
class Interest {
 public:
  /// Like MessageHandler, but sees the library's message.
  using Handler = std::function<void(const Message&, natsMsg*)>;

  [[nodiscard]] static std::shared_ptr<Interest> make(std::string subject, std::string queue_group,
                                                      PendingLimits limits, Handler handler,
                                                      Log log);
  Interest(const Interest&) = delete;
  Interest& operator=(const Interest&) = delete;

  using Subscribed = std::shared_ptr<natsSubscription>;

  /// Subscribes on a connection; failing is the connection's end, and noted there. Returns what
  /// listens on the connection before, which goes on until it is given up.
  Subscribed attach(const Session& session);
  /// Unsubscribes, if the connection still lives.
  void detach();
  /// Takes the handler away: it does not run any more, unless it is the caller.
  void end() { slot_.set(nullptr); }
  /// No further connection is listened on; the present one hands out what it has. Not to be called
  /// under the lock of the transport.
  void drain(SteadyTime deadline);

  [[nodiscard]] std::uint64_t dropped() const;
  [[nodiscard]] bool is(const natsSubscription* subscription) const;
  [[nodiscard]] const std::string& subject() const noexcept { return subject_; }

 private:
  Interest(std::string subject, std::string queue_group, PendingLimits limits, Handler handler,
           Log log);
  static void on_message(natsConnection* connection, natsSubscription* subscription,
                         natsMsg* message, void* closure);
  void handle(natsMsg* message);
  [[nodiscard]] Subscribed current() const;
  void count_dropped() const;

  const std::string subject_;
  const std::string queue_group_;
  const PendingLimits limits_;
  const Log log_;
  CallSlot<const Message&, natsMsg*> slot_;
  CallbackId<Interest> id_;
  mutable std::mutex mutex_;
  Subscribed current_;  // under mutex_
  // Under mutex_: on earlier connections, and on this one when somebody last asked (the library
  // forgets it with the connection).
  std::uint64_t dropped_before_ = 0;
  mutable std::uint64_t dropped_now_ = 0;
};

}  // namespace trellis::lattice::nats
