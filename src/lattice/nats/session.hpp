// One connection to one NATS server, from its handshake to its end.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/rate_limit.hpp"
#include "lattice/nats/callback_registry.hpp"
#include "lattice/nats/connect_options.hpp"
#include "trellis/bytes.hpp"

namespace trellis::lattice::nats {

struct SubscriptionDeleter {
  void operator()(natsSubscription* subscription) const noexcept {
    natsSubscription_Destroy(subscription);
  }
};

/// Never reconnects: when it is lost it stays lost. Any thread may call any member.
class Session {
 public:
  /// Called on threads of the library and of whoever sends; they must only wake somebody or log.
  struct Events {
    /// The connection ended for any reason but close(); maybe more than once.
    std::function<void()> lost;
    /// The server is about to end and asks its clients to leave (lame duck mode).
    std::function<void()> leaving;
    /// Messages are dropped. The pointer is for comparing only: it may be dead already.
    std::function<void(const natsSubscription*)> slow;
    /// The server lets this user neither send nor listen there: its own words.
    std::function<void(std::string_view words)> denied;
  };

  /// Connects; blocks for up to the connect timeout per server, and longer if a server stalls the
  /// TLS handshake.
  [[nodiscard]] static Result<std::shared_ptr<Session>> open(ConnectOptions& options,
                                                             std::uint64_t number, Events events,
                                                             Log log);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Counts the connections of a transport, from 1.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] natsConnection* get() const noexcept { return connection_; }
  [[nodiscard]] std::size_t max_payload() const noexcept { return max_payload_; }
  [[nodiscard]] bool is_lost() const noexcept { return lost_; }
  /// The server has said that it is about to end.
  [[nodiscard]] bool is_leaving() const noexcept { return leaving_; }
  /// Why it ended, as far as is known.
  [[nodiscard]] std::string reason() const;
  [[nodiscard]] std::string server() const;
  /// Addresses of other servers that this one told.
  [[nodiscard]] std::vector<std::string> learned_servers() const;

  /// Arguments are checked before. A write that fails or stalls ends the session: half a message
  /// may have gone out.
  [[nodiscard]] Result<void> publish(const char* subject, const char* reply,
                                     ByteView payload) const;
  [[nodiscard]] Result<void> flush(SteadyTime deadline) const;

  /// Ends the connection and all its subscriptions.
  void close() const;

 private:
  Session(std::uint64_t number, Events events, Log log);
  static void on_closed(natsConnection* connection, void* closure);
  static void on_lame_duck(natsConnection* connection, void* closure);
  static void on_error(natsConnection* connection, natsSubscription* subscription,
                       natsStatus status, void* closure);
  void note_error(natsStatus status, const std::string& text);
  void read_limits();
  void mark_lost(std::string reason) const;
  Result<void> failed_write(natsStatus status, std::size_t payload) const;

  const std::uint64_t number_;
  const Events events_;
  const Log log_;
  CallbackId<Session> id_;
  natsConnection* connection_ = nullptr;
  std::size_t max_payload_ = 0;
  mutable std::atomic<bool> lost_{false};
  std::atomic<bool> leaving_{false};
  mutable std::mutex mutex_;
  mutable std::string reason_;  // under mutex_

  enum class Trouble { server_error };
  RateLimit<Trouble, 1> log_limit_;
};

}  // namespace trellis::lattice::nats
