// One address that is listened on.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/rate_limited_log.hpp"
#include "providers/net/asio.hpp"
#include "trellis/result.hpp"

namespace trellis::providers {

/// "http://127.0.0.1:8080", "[::1]:8080" without the scheme.
[[nodiscard]] std::string to_text(const Endpoint& endpoint);

/// Fate of one more connection.
enum class Admission { serve, refuse, drop };

/// Beyond `most` clients are told that there are too many. Those that are told are connections too:
/// an eighth of `most` and 16 of them, and no more. Pure; any thread.
[[nodiscard]] constexpr Admission admission_of(std::size_t open, std::size_t most) noexcept {
  if (open < most) return Admission::serve;
  return open < most + most / 8 + 16 ? Admission::refuse : Admission::drop;
}

/// An address that is no longer listened on, and how that is undone.
struct ClosedAddress {
  Endpoint address;
  std::function<Result<void>()> reopen;
};

/// Listens on what `open` opens, all or nothing; where that fails, in place of what `close_old`
/// closes: from 127.0.0.1:80 to 0.0.0.0:80 the old address must go before the new one can be had.
/// When that fails too the old ones are open again, and what is lost all the same is logged for
/// `label`. The error is that of the last attempt. One thread at a time for one set of addresses.
[[nodiscard]] Result<void> open_or_replace(
    const std::function<Result<void>()>& open,
    const std::function<std::vector<ClosedAddress>()>& close_old, const Log& log,
    std::string_view label);

/// Public functions may be called from any thread.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  /// Receives each new connection on an I/O thread.
  using Accepted = std::function<void(Socket)>;

  /// Listens when this returns; connections wait for accept(). `v6_only` concerns IPv6 addresses.
  /// The clock outlives the context. Errors: unavailable, naming the address and the reason.
  [[nodiscard]] static Result<std::shared_ptr<Listener>> open(net::io_context& context,
                                                              const Clock& clock, Log log,
                                                              const Endpoint& wanted, bool v6_only);
  Listener(net::io_context& context, const Clock& clock, Log log, const Endpoint& wanted);

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

  net::io_context& context_;
  const Endpoint wanted_;
  Endpoint bound_;     // set before the listener is shared
  Accepted accepted_;  // set before the first accept
  Mutex mutex_;        // an acceptor may be used by one thread at a time
  Acceptor acceptor_ GUARDED_BY(mutex_);
  net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>,
                            Executor>
      retry_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
  enum class LogReason { no_descriptors, count };
  RateLimitedLog<LogReason> limited_log_;
};

}  // namespace trellis::providers
