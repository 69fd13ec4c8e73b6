#include "providers/net/listener.hpp"

#include <fmt/format.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <chrono>
#include <utility>

#include "base/descriptors.hpp"

namespace trellis::providers {

std::string to_text(const Endpoint& endpoint) {
  const auto address = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", address, endpoint.port())
                                    : fmt::format("{}:{}", address, endpoint.port());
}

Listener::Listener(net::io_context& context, Log log, const Endpoint& wanted)
    : log_(std::move(log)), wanted_(wanted), acceptor_(context), retry_(context) {}

Result<std::shared_ptr<Listener>> Listener::open(net::io_context& context, Log log,
                                                 const Endpoint& wanted, bool v6_only) {
  auto listener = std::make_shared<Listener>(context, std::move(log), wanted);
  if (auto listening = listener->listen(v6_only); !listening) return pass(listening);
  return listener;
}

Result<> Listener::listen(bool v6_only) {
  const auto failed = [this](const ErrorCondition& error) {
    return fail(ErrorCode::unavailable,
                fmt::format("cannot listen on {}: {}", to_text(wanted_), error.message()),
                "free the address or choose another one with PORT or BIND");
  };
  ErrorCondition error;
  if (acceptor_.open(wanted_.protocol(), error)) return failed(error);
  // Lets a restart take over connections in TIME_WAIT; two listeners still exclude each other.
  if (acceptor_.set_option(Acceptor::reuse_address(true), error)) return failed(error);
  if (wanted_.address().is_v6() && acceptor_.set_option(net::ip::v6_only(v6_only), error)) {
    return failed(error);
  }
  if (acceptor_.bind(wanted_, error)) return failed(error);
  if (acceptor_.listen(net::socket_base::max_listen_connections, error)) return failed(error);
  bound_ = acceptor_.local_endpoint(error);
  return error ? failed(error) : Result<>();
}

void Listener::accept(Accepted accepted) {
  accepted_ = std::move(accepted);
  accept_next();
}

void Listener::accept_next() {
  // Others of this process need some too: whoever reads its log, commands or mends it.
  if (is_short_of_descriptors()) {
    return pause("the other open files are kept for the host itself; raise its limit (ulimit -n)");
  }
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  acceptor_.async_accept([self = shared_from_this()](const ErrorCondition& error, Socket socket) {
    self->on_accept(error, std::move(socket));
  });
}

void Listener::on_accept(const ErrorCondition& error, Socket socket) {
  if (error == net::error::operation_aborted) return;
  if (error == net::error::no_descriptors || error == net::error::no_buffer_space ||
      error == net::error::no_memory || error.value() == ENFILE) {
    return pause(error.message());
  }
  accept_next();
  if (!error) accepted_(std::move(socket));
}

/// Those who wait stay in the queue of the kernel.
void Listener::pause(std::string_view why) {
  if (const auto hidden = log_limit_.admit(Trouble::no_descriptors, SteadyTime::clock::now())) {
    log_.error("cannot accept connections on {} for now: {}{}", to_text(bound_), why,
               *hidden == 0 ? "" : fmt::format(" ({} more times)", *hidden));
  }
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  retry_.expires_after(std::chrono::milliseconds(200));
  retry_.async_wait([self = shared_from_this()](const ErrorCondition& error) {
    if (!error) self->accept_next();
  });
}

void Listener::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  ErrorCondition ignored;
  static_cast<void>(acceptor_.close(ignored));
  retry_.cancel();
}

}  // namespace trellis::providers
