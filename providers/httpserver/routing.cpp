#include "providers/httpserver/routing.hpp"

#include <string>

namespace trellis::providers::httpserver {
namespace {

/// Host that the request is for: the authority of an absolute target counts, not Host (RFC 9112
/// 3.2.2).
std::string host_of(const RequestHead& head, const RouteTable& routes) {
  std::string host(head.target().authority);
  if (host.empty() && routes.by_host()) host = head.find("host").value_or("");
  return host;
}

std::string_view path_for(const Route& route, std::string_view path) {
  if (!route.options.strip_prefix) return path;
  path.remove_prefix(route.options.path_prefix.size());
  return path.empty() ? "/" : path;
}

}  // namespace

Routing route_request(const RequestHead& head, const RouteTable& routes) {
  Routing routing;
  routing.path = head.target().path;
  routing.route = routes.find(host_of(head, routes), routing.path);
  if (routing.route == nullptr) {
    // Body for nobody is not read; without one the handler says the same, and the connection goes
    // on.
    if (head.has_body()) routing.refusal = nothing_served;
    return routing;
  }
  if (head.framing().length > routing.route->options.max_body_bytes) {
    routing.refusal = body_too_large;
  }
  routing.path = path_for(*routing.route, routing.path);
  return routing;
}

}  // namespace trellis::providers::httpserver
