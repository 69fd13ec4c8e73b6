#include "providers/httpserver/served_address.hpp"

#include <fmt/format.h>

#include <utility>

namespace trellis::providers::httpserver {

ServedAddress::ServedAddress(net::io_context& context, const Clock& clock, Log log,
                             Settings settings, Notices notices, MemorySource* memory)
    : context_(context),
      clock_(clock),
      log_(std::move(log)),
      notices_(std::move(notices)),
      memory_(memory),
      settings_(std::make_shared<const Settings>(std::move(settings))),
      version_(settings_->version) {}

Result<void> ServedAddress::listen(const Endpoint& wanted, bool v6_only) {
  auto listener = Listener::open(context_, clock_, log_, wanted, v6_only);
  if (!listener) return pass(listener);
  // Real address, with the port that was got where any was asked for; connections keep it when
  // listening stops.
  if (where_.empty()) where_ = to_text((*listener)->bound());
  {
    const MutexLock lock(mutex_);
    listener_ = *listener;
  }
  // Weak: the listener must not keep the site, which owns it.
  (*listener)->accept([site = weak_from_this()](Socket socket) {
    if (const auto self = site.lock()) self->accepted(std::move(socket));
  });
  return {};
}

Endpoint ServedAddress::stop_listening() {
  std::shared_ptr<Listener> listener;
  {
    const MutexLock lock(mutex_);
    listener.swap(listener_);
  }
  if (!listener) return {};
  listener->close();
  return listener->bound();
}

bool ServedAddress::listening() const {
  const MutexLock lock(mutex_);
  return listener_ != nullptr;
}

bool ServedAddress::is_at(const Endpoint& address) const {
  const MutexLock lock(mutex_);
  return listener_ && listener_->bound() == address;
}

bool ServedAddress::serves(const Endpoint& address) const {
  const MutexLock lock(mutex_);
  return listener_ && listener_->serves(address);
}

void ServedAddress::apply(Settings settings) {
  const MutexLock lock(mutex_);
  settings.version = version_ + 1;
  settings_ = std::make_shared<const Settings>(std::move(settings));
  // Number lets connections find out with one load that there is something new.
  version_.store(settings_->version, std::memory_order_release);
}

void ServedAddress::accepted(Socket socket) {
  std::shared_ptr<const Settings> now;
  std::size_t count = 0;
  {
    const MutexLock lock(mutex_);
    // Connection that was accepted just before listening stopped is dropped.
    if (!listener_) return;
    now = settings_;
    count = connections_.size();
  }
  if (closing_) return;
  const auto admission = admission_of(count, now->options.max_connections);
  if (admission == Admission::drop) return;
  serve_connection(shared_from_this(), std::move(now), std::move(socket),
                   admission == Admission::refuse);
}

void ServedAddress::close(SteadyTime last) {
  // Flag first: connections look at it after they have become idle, see ConnectionBase::drain().
  closing_ = true;
  static_cast<void>(stop_listening());
  const MutexLock lock(mutex_);
  for (auto* connection : connections_) connection->drain(last);
}

void ServedAddress::cut_connections() {
  const MutexLock lock(mutex_);
  for (auto* connection : connections_) connection->cut();
}

void ServedAddress::sweep(SteadyTime now) {
  const MutexLock lock(mutex_);
  for (auto* connection : connections_) connection->sweep(now);
}

std::string ServedAddress::url() const {
  return fmt::format("{}://{}", settings()->tls ? "https" : "http", where_);
}

std::size_t ServedAddress::connections() const {
  const MutexLock lock(mutex_);
  return connections_.size();
}

std::shared_ptr<const Settings> ServedAddress::settings() const {
  const MutexLock lock(mutex_);
  return settings_;
}

void ServedAddress::enter(ConnectionBase& connection) {
  {
    const MutexLock lock(mutex_);
    connections_.insert(&connection);
  }
  notices_.on_connection();
}

void ServedAddress::leave(ConnectionBase& connection) {
  bool empty = false;
  {
    const MutexLock lock(mutex_);
    connections_.erase(&connection);
    empty = connections_.empty();
  }
  // Told without the lock: whoever waits for it asks for connections().
  if (empty) notices_.on_empty();
}

bool ServedAddress::refresh(std::shared_ptr<const Settings>& settings) const {
  if (settings->version == version_.load(std::memory_order_acquire)) return false;
  settings = this->settings();
  return true;
}

}  // namespace trellis::providers::httpserver
