// One TCP or TLS connection: moves bytes between a socket and an Exchange, under time limits.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

#include "base/mutex.hpp"
#include "providers/net/asio.hpp"
#include "providers/net/sweeper.hpp"

namespace trellis::providers::httpserver {

class ServedAddress;
struct Settings;

/// Connection as the site and the sweeper see it. Public functions may be called from any
/// thread.
///
/// A connection has at most one handler under way, so its own state needs no lock. The sweeper ends
/// a wait by shutting the socket down, which the wait then reports.
class ConnectionBase {
 public:
  explicit ConnectionBase(const Clock& clock) : clock_(clock) {}
  virtual ~ConnectionBase() = default;
  ConnectionBase(const ConnectionBase&) = delete;
  ConnectionBase& operator=(const ConnectionBase&) = delete;

  /// Ends what has taken too long. `now` as Clock::coarse().
  void sweep(SteadyTime now) noexcept;
  /// Ends the connection if it is idle, otherwise after the request under way, and in any case at
  /// `last`.
  void drain(SteadyTime last) noexcept;
  /// Shuts both directions down now.
  void cut() noexcept;

 protected:
  enum class Phase : std::uint8_t {
    idle,       ///< waits for the first byte of a request
    receiving,  ///< the rest of it, or the handshake of TLS
    handling,   ///< in the handler: bounded by the timeout of the dispatch
    writing,
    closing  ///< waits for the peer to close
  };

  /// From now on in `phase` and for at most `allowed`.
  void enter(Phase phase, std::chrono::milliseconds allowed) noexcept;
  /// Enters likewise, but a limit that already runs for this phase stays unless enough bytes moved:
  /// the more, the more is `held` for the peer.
  void proceed(Phase phase, std::chrono::milliseconds allowed, std::size_t held = 0) noexcept;
  void moved(std::size_t bytes) noexcept { moved_ += bytes; }
  [[nodiscard]] bool expired() const noexcept { return expired_; }
  [[nodiscard]] const Clock& clock() const noexcept { return clock_; }

  void attach(int descriptor) noexcept;
  /// Before the descriptor is closed, so that nobody shuts down another's that got its number.
  void detach() noexcept;

 private:
  void shut_down(int how) noexcept;

  const Clock& clock_;
  Mutex descriptor_mutex_;
  int descriptor_ GUARDED_BY(descriptor_mutex_) = -1;
  std::atomic<Phase> phase_{Phase::closing};
  Deadline deadline_;  ///< of the phase
  Deadline last_;      ///< of the connection, once its address closes
  std::atomic<bool> expired_{false};
  std::size_t moved_ = 0;  // of the connection's own handlers
};

/// Serves a connection that was accepted for `site`, TLS or not as the settings say. `refuse`: only
/// tells the client that there are too many.
void serve_connection(std::shared_ptr<ServedAddress> site, std::shared_ptr<const Settings> settings,
                      Socket socket, bool refuse);

}  // namespace trellis::providers::httpserver
