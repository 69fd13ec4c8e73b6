#include "providers/httpserver/site.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "providers/httpserver/tls.hpp"

namespace trellis::providers::httpserver {
namespace {

bool contains(const std::vector<Endpoint>& all, const Endpoint& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
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
  if (!opened) return pass(opened);
  {
    const std::lock_guard lock(mutex_);
    settings_ = next;
    version_ = next->version;
  }
  adopt(options, std::move(*opened));
  return {};
}

Result<Site::Listeners> Site::open_missing(const Options& options) const {
  Listeners opened;
  for (const auto& address : options.addresses) {
    const auto is_there = [&](const auto& each) { return each->wanted() == address; };
    if (std::any_of(listeners_.begin(), listeners_.end(), is_there)) continue;
    auto listener = Listener::open(context_, log_, address, needs_v6_only(options, address));
    if (!listener) {
      for (const auto& each : opened) each->close();
      return pass(listener);
    }
    opened.push_back(std::move(*listener));
  }
  return opened;
}

void Site::adopt(const Options& options, Listeners opened) {
  Listeners gone;
  {
    const std::lock_guard lock(mutex_);
    const auto kept = std::stable_partition(
        listeners_.begin(), listeners_.end(),
        [&](const auto& each) { return contains(options.addresses, each->wanted()); });
    gone.assign(kept, listeners_.end());
    listeners_.erase(kept, listeners_.end());
    listeners_.insert(listeners_.end(), opened.begin(), opened.end());
  }
  for (const auto& listener : gone) listener->close();
  for (const auto& listener : opened) {
    listener->accept([site = weak_from_this()](Socket socket) {
      if (const auto self = site.lock()) self->accepted(std::move(socket));
    });
    log_.info("listening on {} for {}", to_url(*listener, options.tls()), label_);
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
  Listeners listeners;
  closing_ = true;
  {
    const std::lock_guard lock(mutex_);
    listeners.swap(listeners_);
    for (auto* connection : connections_) connection->drain(last_ns);
  }
  for (const auto& listener : listeners) listener->close();
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
