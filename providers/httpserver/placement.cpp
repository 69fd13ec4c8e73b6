#include "providers/httpserver/placement.hpp"

#include <algorithm>
#include <utility>

#include "providers/httpserver/tls.hpp"

namespace trellis::providers::httpserver {
namespace {

/// Limits until the route of a request is known; then its own counts.
Options largest_limits(const RouteTable::Routes& routes) {
  Options all = routes.front()->options;
  for (const auto& route : routes) {
    const auto& each = route->options;
    all.timeout = std::max(all.timeout, each.timeout);
    all.header_timeout = std::max(all.header_timeout, each.header_timeout);
    all.idle_timeout = std::max(all.idle_timeout, each.idle_timeout);
    all.max_body_bytes = std::max(all.max_body_bytes, each.max_body_bytes);
    all.max_header_bytes = std::max(all.max_header_bytes, each.max_header_bytes);
    all.max_connections = std::max(all.max_connections, each.max_connections);
  }
  return all;
}

/// Place where `address` is listened on already, for the label itself or for somebody else.
std::shared_ptr<Place> find_place(const Places& places, const Endpoint& address,
                                  std::string_view label) {
  // Places of the label come first: any port means the one it got.
  for (const auto& place : places) {
    if (place->route_of(label) && place->site->serves(address)) return place;
  }
  for (const auto& place : places) {
    if (address.port() != 0 && place->site->is_at(address)) return place;
  }
  return nullptr;
}

/// Routes of a place with the new one instead of the label's old one; refused where it collides
/// with others.
Result<Change::Join> plan_join(const std::shared_ptr<Place>& place,
                               const std::shared_ptr<Route>& route,
                               const std::shared_ptr<net::ssl::context>& tls) {
  Change::Join join{place, place->routes, {}};
  std::erase_if(join.routes, [&](const auto& each) { return each->label == route->label; });
  join.routes.push_back(route);
  auto settings = settings_for(join.routes, place->site->where(), tls);
  if (!settings) return pass(settings);
  join.settings = std::move(*settings);
  return join;
}

bool joins(const Change& change, const std::shared_ptr<Place>& place) {
  return std::any_of(change.joins.begin(), change.joins.end(),
                     [&](const auto& join) { return join.place == place; });
}

}  // namespace

std::shared_ptr<Route> Place::route_of(std::string_view label) const {
  const auto found = std::find_if(routes.begin(), routes.end(),
                                  [&](const auto& each) { return each->label == label; });
  return found == routes.end() ? nullptr : *found;
}

Result<Settings> settings_for(const RouteTable::Routes& routes, std::string_view where,
                              std::shared_ptr<net::ssl::context> tls) {
  auto limits = largest_limits(routes);
  auto table = RouteTable::make(routes, where);
  if (!table) return pass(table);
  return Settings{std::move(limits), std::move(*table), std::move(tls), 0};
}

// Everything that can be refused is refused here, before anything is touched: a bad new link leaves
// the old one serving.
Result<Change> plan_change(const Places& places, std::shared_ptr<Route> route) {
  Change change;
  change.route = std::move(route);
  const auto& options = change.route->options;
  std::shared_ptr<net::ssl::context> tls;
  if (options.tls()) {
    auto made = make_tls(options.tls_cert, options.tls_key);
    if (!made) return pass(made);
    tls = std::move(*made);
  }
  for (const auto& address : options.addresses) {
    const auto place = find_place(places, address, change.route->label);
    if (!place) {
      change.wanted.push_back(address);
    } else if (!joins(change, place)) {
      auto join = plan_join(place, change.route, tls);
      if (!join) return pass(join);
      change.joins.push_back(std::move(*join));
    }
  }
  for (const auto& place : places) {
    if (place->route_of(change.route->label) && !joins(change, place)) change.left.push_back(place);
  }
  auto alone = settings_for({change.route}, "", tls);
  if (!alone) return pass(alone);
  change.alone = std::move(*alone);
  return change;
}

}  // namespace trellis::providers::httpserver
