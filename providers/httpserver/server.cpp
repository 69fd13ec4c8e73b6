#include "providers/httpserver/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "providers/net/endpoints.hpp"

namespace trellis::providers::httpserver {
namespace {

/// Time for sending the answer, beside the time that the handler has for it.
constexpr std::chrono::milliseconds drain_margin = std::chrono::seconds(2);
/// Time kept back from the deadline of a stop for ending the threads.
constexpr std::chrono::milliseconds stop_margin{200};

/// Whether the place has a single label, so that it has nothing to serve once that leaves.
bool is_alone(const Place& place) {
  return place.routes.size() == 1;
}

}  // namespace

Server::Server(ThreadSource& threads, Log log, const Config& config)
    : log_(std::move(log)),
      config_(config),
      pool_(threads, *config_.clock, log_, "http-io", config.spares),
      sweeper_(pool_.context(), [this] { sweep(); }, [this] { return has_connections(); }) {}

Server::~Server() {
  stop(config_.clock->steady());
}

Places Server::places() const {
  const MutexLock lock(mutex_);
  return places_;
}

Result<void> Server::put(const std::string& label, const Options& options,
                         std::shared_ptr<RequestHandler> handler) {
  const MutexLock changing(change_mutex_);
  auto route = std::make_shared<Route>();
  route->label = label;
  route->options = options;
  route->handler = std::move(handler);
  auto change = plan_change(places(), std::move(route));
  if (!change) return pass(change);
  // Threads that run already stay for the requests that are under way.
  if (auto started = pool_.set_target(threads_for(*change)); !started) return started;
  // New addresses are opened before old ones are closed; only where that fails are old ones closed
  // first, and brought back if it fails again.
  auto opened = open_or_replace([&] { return open_wanted(*change); },
                                [&] { return close_left(*change); }, log_, label);
  if (!opened) return opened;
  commit(*change);
  log_change(*change);
  return {};
}

unsigned Server::threads_for(const Change& change) const {
  unsigned wanted = change.route->options.workers.value_or(config_.threads);
  for (const auto& place : places()) {
    for (const auto& route : place->routes) {
      if (route->label == change.route->label) continue;
      wanted = std::max(wanted, route->options.workers.value_or(config_.threads));
    }
  }
  return wanted;
}

Result<void> Server::open_wanted(Change& change) {
  const ServedAddress::Notices notices = {[this] { sweeper_.wake(); },
                                          [this] {
                                            const MutexLock lock(empty_mutex_);
                                            emptied_.notify_all();
                                          }};
  const auto& addresses = change.route->options.addresses;
  for (const auto& address : change.wanted) {
    auto site = std::make_shared<ServedAddress>(pool_.context(), *config_.clock, log_, change.alone,
                                                notices, config_.memory);
    auto place = std::make_shared<Place>(Place{site, {change.route}});
    {
      // Place is entered first, so that its connections are looked after from the beginning.
      const MutexLock lock(mutex_);
      places_.push_back(place);
    }
    change.opened.push_back(place);
    if (auto listening = site->listen(address, needs_v6_only(addresses, address)); !listening) {
      for (const auto& each : change.opened) {
        each->routes.clear();
        each->site->close(config_.clock->coarse());
      }
      change.opened.clear();
      sweeper_.wake();
      return listening;
    }
  }
  return {};
}

/// Stops listening where only the label that moves is served; says how to begin again.
std::vector<ClosedAddress> Server::close_left(const Change& change) {
  std::vector<ClosedAddress> closed;
  for (const auto& place : change.left) {
    if (!is_alone(*place) || !place->site->listening()) continue;
    const auto address = place->site->stop_listening();
    closed.push_back(
        {address, [site = place->site, address] { return site->listen(address, false); }});
  }
  return closed;
}

/// Makes the change true. Nothing in here can fail.
void Server::commit(Change& change) {
  for (auto& join : change.joins) {
    join.place->routes = std::move(join.routes);
    join.place->site->apply(std::move(join.settings));
  }
  for (const auto& place : change.left) {
    if (is_alone(*place)) {
      // Connections that are left are served by the new route until they end.
      static_cast<void>(place->site->stop_listening());
      place->routes = {change.route};
      place->site->apply(change.alone);
    } else {
      leave(*place, change.route->label);
    }
  }
  sweeper_.wake();
}

/// Takes one label away from a place where others stay.
void Server::leave(Place& place, std::string_view label) {
  std::erase_if(place.routes, [&](const auto& each) { return each->label == label; });
  auto settings = settings_for(place.routes, place.site->where(), place.site->settings()->tls);
  // Settings can be had, since fewer routes cannot be in each other's way.
  if (settings) place.site->apply(std::move(*settings));
}

void Server::log_change(const Change& change) const {
  const auto& label = change.route->label;
  const auto& options = change.route->options;
  for (const auto& place : change.opened) {
    log_.info("listening on {} for {}", place->site->url(), label);
  }
  if (!options.shared) return;
  const auto hosts = options.hosts.empty() ? "any host" : join(options.hosts, ", ");
  for (const auto& each : change.joins) {
    log_.info("serving {}, {}/ on {} for {}", hosts, options.path_prefix, each.place->site->url(),
              label);
  }
}

void Server::remove(std::string_view label) {
  const MutexLock changing(change_mutex_);
  for (const auto& place : places()) {
    const auto route = place->route_of(label);
    if (!route) continue;
    // Requests that are arriving still hold the route: at their end they find that it is over.
    route->ended = !is_alone(*place);
    if (is_alone(*place)) {
      place->routes.clear();
      place->site->close(config_.clock->coarse() + route->options.timeout + drain_margin);
    } else {
      leave(*place, label);
    }
  }
  sweeper_.wake();
}

void Server::sweep() {
  const MutexLock lock(mutex_);
  const auto now = config_.clock->coarse();
  for (const auto& place : places_) place->site->sweep(now);
  // Connection that is just being made holds the site too.
  std::erase_if(places_, [](const auto& place) {
    const auto& site = place->site;
    return site.use_count() == 1 && place.use_count() == 1 && !site->listening();
  });
}

bool Server::has_connections() const {
  const MutexLock lock(mutex_);
  return std::any_of(places_.begin(), places_.end(),
                     [](const auto& place) { return place->site->connections() > 0; });
}

void Server::stop(SteadyTime deadline) {
  const MutexLock changing(change_mutex_);
  const auto all = places();
  for (const auto& place : all) {
    place->site->close(deadline);
  }
  {
    MutexLock lock(empty_mutex_);
    emptied_.wait_until(lock, deadline - stop_margin, [this] { return !has_connections(); });
  }
  // Connections that are still there have had their time.
  for (const auto& place : all) place->site->cut_connections();
  pool_.stop();
  const MutexLock lock(mutex_);
  places_.clear();
}

std::vector<std::string> Server::urls() const {
  std::vector<std::string> all;
  for (const auto& place : places()) {
    if (place->site->listening()) all.push_back(place->site->url());
  }
  return all;
}

}  // namespace trellis::providers::httpserver
