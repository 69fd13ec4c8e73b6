// Which actor a request on a shared address is for.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "providers/httpserver/handler.hpp"
#include "providers/httpserver/options.hpp"
#include "providers/net/io_pool.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::httpserver {

/// One actor on the addresses of its link. Constant but for the last two.
struct Route {
  std::string label;  ///< names the actor in logs
  Options options;
  std::shared_ptr<RequestHandler> handler;
  mutable IoPool::Share share;     ///< of the threads that may be away for it
  std::atomic<bool> ended{false};  ///< the link is gone; for requests that arrived under it
};

/// "https://…" and the like are told apart before; here are "a.example.com:8080" in any letter
/// case, with or without port and final dot: the name as HOSTS has it.
[[nodiscard]] std::string normal_host(std::string_view authority);

/// The routes of one address. A request goes to the route with the most specific host that also has
/// its path: first the exact name, then the longest wildcard, then routes without HOSTS; for one
/// host the longest prefix. Prefixes end at a '/': "/api" has "/api" and "/api/x", not "/apix".
/// Immutable once made; any thread.
class RouteTable {
 public:
  using Routes = std::vector<std::shared_ptr<Route>>;

  /// Errors: the same host and prefix twice (already_exists); a second route where one is not
  /// shared (unavailable); TLS files that differ (invalid_argument). `where` names the address in
  /// them.
  [[nodiscard]] static Result<std::shared_ptr<const RouteTable>> make(const Routes& routes,
                                                                      std::string_view where);

  /// Null when nobody is there for it. `authority` as in Host, or empty.
  [[nodiscard]] Route* find(std::string_view authority, std::string_view path) const;
  /// Whether find looks at the authority at all.
  [[nodiscard]] bool by_host() const noexcept { return !hosts_.empty(); }
  [[nodiscard]] const Routes& routes() const noexcept { return routes_; }

 private:
  using Prefixes = std::map<std::string, Route*, std::less<>>;

  [[nodiscard]] Result<void> add(const std::shared_ptr<Route>& route, std::string_view where);
  [[nodiscard]] static Route* find_in(const Prefixes& prefixes, std::string_view path);
  [[nodiscard]] Route* find_for_host(std::string_view authority, std::string_view path) const;

  Routes routes_;
  std::map<std::string, Prefixes, std::less<>> hosts_;  ///< wildcards as "*.example.com"
  Prefixes any_host_;
};

}  // namespace trellis::providers::httpserver
