#include "providers/httpserver/site.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "providers/httpserver/tls.hpp"

namespace trellis::providers::httpserver {
namespace {

bool is_wanted(const Options& options, const Listener& listener) {
  return std::any_of(options.addresses.begin(), options.addresses.end(),
                     [&](const auto& address) { return listener.serves(address); });
}

/// `[::]:80` serves IPv4 too unless the list has an IPv4 address for that port.
bool needs_v6_only(const Options& options, const Endpoint& endpoint) {
  return std::any_of(options.addresses.begin(), options.addresses.end(), [&](const auto& other) {
    return other.address().is_v4() && other.port() == endpoint.port();
  });
}

std::string to_url(const Listener& listener, bool tls) {
  return fmt::format("{}://{}", tls ? "https" : "http", to_text(listener.bound()));
}

}  // namespace

Site::Site(net::io_context& context, Log log, std::string label,
           std::shared_ptr<RequestHandler> handler, Notices notices)
    : context_(context),
      log_(std::move(log)),
      label_(std::move(label)),
      handler_(std::move(handler)),
      notices_(std::move(notices)) {}

Result<> Site::configure(const Options& options) {
  auto next = std::make_shared<Settings>(Settings{options, nullptr, version_ + 1});
  if (options.tls()) {
    auto tls = make_tls(options.tls_cert, options.tls_key);
    if (!tls) return pass(tls);
    next->tls = std::move(*tls);
  }
  auto opened = open_missing(options);
  if (!opened) opened = open_in_place_of_old(options, opened.error());
  if (!opened) return pass(opened);
  {
    const std::lock_guard lock(mutex_);
    settings_ = next;
    version_ = next->version;
  }
  drop_unwanted(options);
  adopt(*opened, options.tls());
  return {};
}

Result<Site::Listeners> Site::open_missing(const Options& options) const {
  Listeners opened;
  for (const auto& address : options.addresses) {
    const auto serves = [&](const auto& each) { return each->serves(address); };
    if (std::any_of(listeners_.begin(), listeners_.end(), serves)) continue;
    auto listener = Listener::open(context_, log_, address, needs_v6_only(options, address));
    if (!listener) {
      for (const auto& each : opened) each->close();
      return pass(listener);
    }
    opened.push_back(std::move(*listener));
  }
  return opened;
}

/// From 127.0.0.1:80 to 0.0.0.0:80 the old address must go before the new one can be had.
Result<Site::Listeners> Site::open_in_place_of_old(const Options& options, const Error& first) {
  const auto old = drop_unwanted(options);
  if (old.empty()) return std::unexpected<Error>(first);
  auto opened = open_missing(options);
  if (opened) return opened;
  Listeners restored;
  for (const auto& address : old) {
    auto listener = Listener::open(context_, log_, address, false);
    if (listener) {
      restored.push_back(std::move(*listener));
    } else {
      log_.error("{} is lost for {}: {}", to_text(address), label_, listener.error().message);
    }
  }
  adopt(restored, settings_ && settings_->options.tls());
  return opened;
}

/// Closes the listeners that `options` does not have; returns where they were.
std::vector<Endpoint> Site::drop_unwanted(const Options& options) {
  Listeners gone;
  {
    const std::lock_guard lock(mutex_);
    // Not std::stable_partition: g++ 12's allocates through a call that clang calls deprecated.
    Listeners kept;
    for (const auto& each : listeners_) {
      (is_wanted(options, *each) ? kept : gone).push_back(each);
    }
    listeners_ = std::move(kept);
  }
  std::vector<Endpoint> addresses;
  for (const auto& listener : gone) {
    listener->close();
    addresses.push_back(listener->bound());
  }
  return addresses;
}

void Site::adopt(const Listeners& opened, bool tls) {
  {
    const std::lock_guard lock(mutex_);
    listeners_.insert(listeners_.end(), opened.begin(), opened.end());
  }
  for (const auto& listener : opened) {
    listener->accept([site = weak_from_this()](Socket socket) {
      if (const auto self = site.lock()) self->accepted(std::move(socket));
    });
    log_.info("listening on {} for {}", to_url(*listener, tls), label_);
  }
}

void Site::accepted(Socket socket) {
  std::shared_ptr<const Settings> now;
  std::size_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    now = settings_;
    count = connections_.size();
  }
  if (closing_) return;
  const std::size_t most = now->options.max_connections;
  // Those who are told that there are too many are connections too: so many and no more.
  if (count >= most + most / 8 + 16) return;
  serve_connection(shared_from_this(), std::move(now), std::move(socket), count >= most);
}

void Site::close(std::int64_t last_ns) {
  closing_ = true;
  Listeners listeners;
  {
    const std::lock_guard lock(mutex_);
    listeners.swap(listeners_);
  }
  for (const auto& listener : listeners) listener->close();
  const std::lock_guard lock(mutex_);
  for (auto* connection : connections_) connection->drain(last_ns);
}

void Site::cut_connections() {
  const std::lock_guard lock(mutex_);
  for (auto* connection : connections_) connection->cut();
}

void Site::sweep(std::int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  for (auto* connection : connections_) connection->sweep(now_ns);
}

std::vector<std::string> Site::urls() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> all;
  for (const auto& listener : listeners_) {
    all.push_back(to_url(*listener, settings_->options.tls()));
  }
  return all;
}

std::size_t Site::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

std::shared_ptr<const Settings> Site::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

void Site::enter(ConnectionBase& connection) {
  {
    const std::lock_guard lock(mutex_);
    connections_.insert(&connection);
  }
  notices_.on_connection();
}

void Site::leave(ConnectionBase& connection) {
  bool empty = false;
  {
    const std::lock_guard lock(mutex_);
    connections_.erase(&connection);
    empty = connections_.empty();
  }
  if (empty) notices_.on_empty();
}

bool Site::refresh(std::shared_ptr<const Settings>& settings) const {
  if (settings->version == version_.load(std::memory_order_acquire)) return false;
  settings = this->settings();
  return true;
}

}  // namespace trellis::providers::httpserver
