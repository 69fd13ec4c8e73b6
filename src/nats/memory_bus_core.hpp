// The inside of nats/memory_transport.hpp: who is subscribed to what, and one delivery thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.hpp"
#include "nats/memory_transport.hpp"
#include "threads/timer.hpp"

namespace trellis::nats {

/// Any thread. Handlers run without the lock.
class MemoryBusCore {
 public:
  using ClientId = std::uint64_t;
  using SubscriptionId = std::uint64_t;
  static constexpr ClientId server = 0;  ///< messages of the bus itself

  struct SubscriptionState {
    ClientId client = 0;
    std::string pattern;
    std::string group;
    MessageHandler handler;
    // Under the lock of the bus, which cannot be named here.
    bool gone = false;     ///< the handler must not run any more
    bool running = false;  ///< it runs now
  };
  struct Client {
    bool echo = true;
    bool connected = true;
    std::function<void(TransportState)> on_state = {};
  };

  MemoryBusCore();
  ~MemoryBusCore();
  MemoryBusCore(const MemoryBusCore&) = delete;
  MemoryBusCore& operator=(const MemoryBusCore&) = delete;

  ClientId add_client(bool echo);
  void remove_client(ClientId client);
  void connect(ClientId client, bool connected);
  [[nodiscard]] bool connected(ClientId client) const;
  void on_state(ClientId client, std::function<void(TransportState)> callback);

  SubscriptionId subscribe(ClientId client, std::string pattern, std::string group,
                           MessageHandler handler);
  /// The handler does not run any more afterwards, unless this is called from it.
  void unsubscribe(SubscriptionId id);
  /// Queues a message for everybody interested. False when nobody is.
  [[nodiscard]] bool publish(ClientId from, std::string_view subject, std::string_view reply,
                             ByteView payload);
  /// Runs `job` on the delivery thread, in order with messages.
  void post(std::function<void()> job);
  void settle();
  void pause(bool on);
  void stop();
  [[nodiscard]] Timer& timer() { return timer_; }

  [[nodiscard]] bool no_responders() const;
  void set_no_responders(bool on);
  [[nodiscard]] std::size_t max_payload() const;
  void set_max_payload(std::size_t bytes);
  [[nodiscard]] std::uint64_t published() const;

 private:
  struct Delivery {
    std::vector<std::shared_ptr<SubscriptionState>> to;
    std::string subject;
    std::string reply;
    Bytes payload;
    std::function<void()> job;  // instead of a message
  };

  [[nodiscard]] std::vector<std::shared_ptr<SubscriptionState>> interested(ClientId from,
                                                                           std::string_view subject)
      REQUIRES(mutex_);
  void run();
  void deliver(const Delivery& delivery);
  void handle(SubscriptionState& subscription, const Message& message);

  mutable Mutex mutex_;
  Condition changed_;
  std::map<ClientId, Client> clients_ GUARDED_BY(mutex_);
  std::map<SubscriptionId, std::shared_ptr<SubscriptionState>> subscriptions_ GUARDED_BY(mutex_);
  std::deque<Delivery> queue_ GUARDED_BY(mutex_);
  std::map<std::string, std::size_t, std::less<>> turns_ GUARDED_BY(mutex_);  ///< of queue groups
  std::uint64_t next_id_ GUARDED_BY(mutex_) = 1;
  std::uint64_t published_ GUARDED_BY(mutex_) = 0;
  std::size_t max_payload_ GUARDED_BY(mutex_) = 1024 * 1024;
  bool no_responders_ GUARDED_BY(mutex_) = true;
  bool busy_ GUARDED_BY(mutex_) = false;
  bool paused_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  Timer timer_;
  std::thread thread_;
};

/// Whether a literal subject is one of those a pattern with `*` and `>` stands for.
[[nodiscard]] bool subject_matches(std::string_view pattern, std::string_view subject);

}  // namespace trellis::nats
