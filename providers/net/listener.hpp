// One address that is listened on.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/rate_limit.hpp"
#include "providers/net/asio.hpp"
#include "trellis/result.hpp"

namespace trellis::providers {

/// "http://127.0.0.1:8080", "[::1]:8080" without the scheme.
[[nodiscard]] std::string to_text(const Endpoint& endpoint);

/// Public functions may be called from any thread.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  /// Receives each new connection on an I/O thread.
  using Accepted = std::function<void(Socket)>;

  /// Listens when this returns; connections wait for accept(). `v6_only` concerns IPv6 addresses.
  /// Errors: unavailable, naming the address and the reason.
  [[nodiscard]] static Result<std::shared_ptr<Listener>> open(net::io_context& context, Log log,
                                                              const Endpoint& wanted, bool v6_only);
  Listener(net::io_context& context, Log log, const Endpoint& wanted);

  void accept(Accepted accepted);
  /// New connections are refused from the moment this returns.
  void close();

  /// Whether this is the listener for `address`, which may ask for any port.
  [[nodiscard]] bool serves(const Endpoint& address) const noexcept {
    return address == wanted_ || address == bound_;
  }
  /// With the real port where any was wanted.
  [[nodiscard]] const Endpoint& bound() const noexcept { return bound_; }

 private:
  struct Pending;

  [[nodiscard]] Result<void> listen(bool v6_only);
  void accept_next();
  void on_accept(const AsioError& error, Socket socket);
  void pause(std::string_view why);

  Log log_;
  net::io_context& context_;
  const Endpoint wanted_;
  Endpoint bound_;     // set before the listener is shared
  Accepted accepted_;  // set before the first accept
  std::mutex mutex_;   // an acceptor may be used by one thread at a time
  Acceptor acceptor_;  // under mutex_
  net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>,
                            Executor>
      retry_;            // under mutex_
  bool closed_ = false;  // under mutex_
  enum class LogReason { no_descriptors };
  RateLimit<LogReason, 1> log_limit_{limits::listener_log_interval};
};

}  // namespace trellis::providers
