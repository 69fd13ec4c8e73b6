#include "providers/net/listener.hpp"

#include <fmt/format.h>

#include <atomic>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <chrono>
#include <utility>

#include "base/descriptors.hpp"
#include "base/guard.hpp"

namespace trellis::providers {

std::string to_text(const Endpoint& endpoint) {
  const auto address = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", address, endpoint.port())
                                    : fmt::format("{}:{}", address, endpoint.port());
}

// Both are open at once where that works, so that no client finds nobody. Where old and new overlap
// (0.0.0.0 and 127.0.0.1 with one port) the first try fails, and the old ones must go first.
Result<void> open_or_replace(const std::function<Result<void>()>& open,
                             const std::function<std::vector<ClosedAddress>()>& close_old,
                             const Log& log, std::string_view label) {
  const auto first = open();
  if (first) return first;
  const auto closed = close_old();
  if (closed.empty()) return first;
  auto opened = open();
  if (opened) return opened;
  for (const auto& [address, reopen] : closed) {
    if (const auto again = reopen(); !again) {
      log.error("{} is lost for {}: {}", to_text(address), label, again.error().message);
    }
  }
  return opened;
}

Listener::Listener(net::io_context& context, const Clock& clock, Log log, const Endpoint& wanted)
    : context_(context),
      wanted_(wanted),
      acceptor_(context),
      retry_(context),
      limited_log_(std::move(log), clock, limits::listener_log_interval, "more times") {}

Result<std::shared_ptr<Listener>> Listener::open(net::io_context& context, const Clock& clock,
                                                 Log log, const Endpoint& wanted, bool v6_only) {
  auto listener = std::make_shared<Listener>(context, clock, std::move(log), wanted);
  if (auto listening = listener->listen(v6_only); !listening) return pass(listening);
  return listener;
}

Result<void> Listener::listen(bool v6_only) {
  const auto failed = [this](const AsioError& error) {
    return fail(ErrorCode::unavailable,
                fmt::format("cannot listen on {}: {}", to_text(wanted_), error.message()),
                "free the address or choose another one with PORT or BIND");
  };
  const MutexLock lock(mutex_);
  AsioError error;
  if (acceptor_.open(wanted_.protocol(), error)) return failed(error);
  // Restart may take over an address with connections in TIME_WAIT; two listeners still exclude
  // each other.
  if (acceptor_.set_option(Acceptor::reuse_address(true), error)) return failed(error);
  if (wanted_.address().is_v6() && acceptor_.set_option(net::ip::v6_only(v6_only), error)) {
    return failed(error);
  }
  if (acceptor_.bind(wanted_, error)) return failed(error);
  if (acceptor_.listen(net::socket_base::max_listen_connections, error)) return failed(error);
  bound_ = acceptor_.local_endpoint(error);
  return error ? failed(error) : Result<void>();
}

/// Accept that was begun. Where memory is short the library drops it without a word, and with it
/// the listener would be deaf: then the next one is begun from here.
struct Listener::Pending {
  explicit Pending(std::shared_ptr<Listener> owner) noexcept : listener(std::move(owner)) {}
  ~Pending() {
    if (begun && !done && !listener->context_.stopped()) {
      persevere([this] { listener->accept_next(); });
    }
  }
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

  const std::shared_ptr<Listener> listener;
  std::atomic<bool> begun{false};
  std::atomic<bool> done{false};
};

void Listener::accept(Accepted accepted) {
  accepted_ = std::move(accepted);
  accept_next();
}

void Listener::accept_next() {
  // Descriptors are kept for others of this process: whoever reads its log, commands or mends it.
  if (is_short_of_descriptors()) {
    return pause("the other open files are kept for the host itself; raise its limit (ulimit -n)");
  }
  const auto pending = std::make_shared<Pending>(shared_from_this());  // outlives the lock
  const MutexLock lock(mutex_);
  if (closed_) return;
  acceptor_.async_accept([pending](const AsioError& error, Socket socket) {
    pending->done = true;
    pending->listener->on_accept(error, std::move(socket));
  });
  pending->begun = true;
}

void Listener::on_accept(const AsioError& error, Socket socket) {
  if (error == net::error::operation_aborted) return;
  if (error == net::error::no_descriptors || error == net::error::no_buffer_space ||
      error == net::error::no_memory || error.value() == ENFILE) {
    return persevere([&] { pause(error.message()); });
  }
  // Next connection is asked for first, however it ends for this one: a listener that does not ask
  // is deaf.
  persevere([this] { accept_next(); });
  if (!error) accepted_(std::move(socket));
}

/// Stops accepting for a moment. Clients that wait stay in the queue of the kernel.
void Listener::pause(std::string_view why) {
  limited_log_.error(LogReason::no_descriptors, "cannot accept connections on {} for now: {}{}",
                     to_text(bound_), why);
  const MutexLock lock(mutex_);
  if (closed_) return;
  retry_.expires_after(std::chrono::milliseconds(200));
  retry_.async_wait([self = shared_from_this()](const AsioError& error) {
    if (!error) persevere([&self] { self->accept_next(); });
  });
}

void Listener::close() {
  const MutexLock lock(mutex_);
  closed_ = true;
  AsioError ignored;
  static_cast<void>(acceptor_.close(ignored));
  retry_.cancel();
}

}  // namespace trellis::providers
