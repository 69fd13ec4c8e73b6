// A message network inside the process, for tests: several Transports over one bus.
//
//   MemoryBus bus;
//   auto a = bus.connect();
//   auto b = bus.connect({.echo = false});
//   b->cut();                       // b is "disconnected" until b->restore()
//   bus.set_no_responders(true);    // requests nobody hears fail at once
//
// It behaves as NATS does where lattice code could notice: queue groups give each message to one
// member, wildcards, echo, payload limit, no-responder answers, messages of one sender in order,
// subscriptions that survive a cut while messages sent meanwhile are lost.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "nats/transport.hpp"

namespace trellis::nats {

struct MemoryTransportOptions {
  bool echo = true;  ///< receive own messages
};

class MemoryBusCore;

/// One connection of a MemoryBus. Any thread.
class MemoryTransport : public Transport {
 public:
  /// As if the server went away: state becomes disconnected, nothing comes or goes.
  virtual void cut() = 0;
  /// As if it came back, with all subscriptions.
  virtual void restore() = 0;
};

/// The bus. It may be destroyed before its transports, which are then closed. All handlers of all
/// transports run on one thread of the bus, one after the other, in the order of sending.
class MemoryBus {
 public:
  MemoryBus();
  ~MemoryBus();
  MemoryBus(const MemoryBus&) = delete;
  MemoryBus& operator=(const MemoryBus&) = delete;

  [[nodiscard]] std::unique_ptr<MemoryTransport> connect(MemoryTransportOptions options = {});

  /// Whether a request nobody is subscribed for fails at once with not_found. On at first; servers
  /// before 2.2 let the timer run.
  void set_no_responders(bool on);
  void set_max_payload(std::size_t bytes);
  /// Holds back (true) and then delivers (false) whatever is sent.
  void pause(bool on);
  /// Messages published so far, lost ones included.
  [[nodiscard]] std::uint64_t published() const;
  /// Waits until everything sent so far, and everything handlers sent because of it, was handled.
  /// Not from a handler; while paused it returns at once.
  void settle();

 private:
  std::shared_ptr<MemoryBusCore> core_;
};

}  // namespace trellis::nats
