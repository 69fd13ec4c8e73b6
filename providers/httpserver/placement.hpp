// Plan of a new or changed link for the addresses of the server, found out before anything is
// done.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "providers/httpserver/served_address.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::httpserver {

/// An address and who is served there. `routes` belongs to whoever makes changes.
struct Place {
  std::shared_ptr<ServedAddress> site;
  RouteTable::Routes routes;

  /// Null when `label` is not served here.
  [[nodiscard]] std::shared_ptr<Route> route_of(std::string_view label) const;
};
using Places = std::vector<std::shared_ptr<Place>>;

/// One label's way from the places it has to those its options ask for.
struct Change {
  struct Join {
    std::shared_ptr<Place> place;
    RouteTable::Routes routes;
    Settings settings;
  };

  std::shared_ptr<Route> route;
  std::vector<Join> joins;       ///< places that stay or are shared with others
  std::vector<Endpoint> wanted;  ///< addresses to be opened
  Places left;                   ///< places the label had and has no more
  Places opened;
  Settings alone;  ///< for places where it is the only one
};

/// Settings of an address with these routes: the largest of their limits. Errors as
/// RouteTable::make.
[[nodiscard]] Result<Settings> settings_for(const RouteTable::Routes& routes,
                                            std::string_view where,
                                            std::shared_ptr<net::ssl::context> tls);

/// Errors: conflicts with other routes, TLS files that cannot be used. Nothing is changed.
[[nodiscard]] Result<Change> plan_change(const Places& places, std::shared_ptr<Route> route);

}  // namespace trellis::providers::httpserver
