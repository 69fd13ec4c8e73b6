#include "providers/httpserver/route.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace trellis::providers::httpserver {
namespace {

/// Bound on the authority: longer ones are nobody's, and would only cost time.
constexpr std::size_t max_authority_chars = 255;

std::unexpected<Error> twice(std::string_view host, const Route& route, const Route& owner,
                             std::string_view where) {
  return fail(ErrorCode::already_exists,
              fmt::format("{}{}/ on {} already belongs to {}", host.empty() ? "any host, " : host,
                          route.options.path_prefix, where, owner.label),
              "give each link of an address another host in HOSTS or another PATH_PREFIX");
}

/// Refuses `route` beside `first` for the first reason there is.
Result<void> check_beside(const Route& first, const Route& route, std::string_view where) {
  if (!first.options.shared || !route.options.shared) {
    return fail(ErrorCode::unavailable,
                fmt::format("cannot listen on {}: in use by {}", where, first.label),
                "choose another address, or give both links HOSTS or PATH_PREFIX to share it");
  }
  if (first.options.tls_cert != route.options.tls_cert ||
      first.options.tls_key != route.options.tls_key) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("TLS_CERT and TLS_KEY differ from those of {}, which has {} too",
                            first.label, where),
                "links that share an address have the same certificate, or none");
  }
  return {};
}

}  // namespace

std::string normal_host(std::string_view authority) {
  // "[::1]:80": only a colon behind the bracket begins a port.
  const auto bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket != std::string_view::npos) {
    authority = authority.substr(0, authority.find(':', bracket));
  }
  // Final dot is the root of names: both forms mean one host.
  if (authority.ends_with('.')) authority.remove_suffix(1);
  return to_lower_ascii(authority);
}

Result<std::shared_ptr<const RouteTable>> RouteTable::make(const Routes& routes,
                                                           std::string_view where) {
  auto table = std::make_shared<RouteTable>();
  for (const auto& route : routes) {
    if (auto added = table->add(route, where); !added) return pass(added);
  }
  return std::shared_ptr<const RouteTable>(std::move(table));
}

Result<void> RouteTable::add(const std::shared_ptr<Route>& route, std::string_view where) {
  if (!routes_.empty()) {
    if (auto checked = check_beside(*routes_.front(), *route, where); !checked) return checked;
  }
  routes_.push_back(route);
  const auto put = [&](Prefixes& prefixes, std::string_view host) -> Result<void> {
    const auto [at, fresh] = prefixes.try_emplace(route->options.path_prefix, route.get());
    if (fresh) return {};
    return twice(host, *route, *at->second, where);
  };
  if (route->options.hosts.empty()) return put(any_host_, "");
  for (const auto& host : route->options.hosts) {
    if (auto done = put(hosts_[host], host); !done) return done;
  }
  return {};
}

Route* RouteTable::find(std::string_view authority, std::string_view path) const {
  // Named hosts go before routes for any host, whatever their prefixes.
  if (!hosts_.empty()) {
    if (auto* found = find_for_host(authority, path)) return found;
  }
  return find_in(any_host_, path);
}

Route* RouteTable::find_for_host(std::string_view authority, std::string_view path) const {
  if (authority.size() > max_authority_chars) return nullptr;
  std::string host = normal_host(authority);
  const auto look_up = [&](std::string_view name) -> Route* {
    const auto found = hosts_.find(name);
    return found == hosts_.end() ? nullptr : find_in(found->second, path);
  };
  if (auto* exact = look_up(host)) return exact;
  // Dot behind what the star stands for, which is never empty; longer names are tried first.
  for (auto dot = host.find('.', 1); dot != std::string::npos; dot = host.find('.', dot + 1)) {
    if (auto* wild = look_up("*" + host.substr(dot))) return wild;
  }
  return nullptr;
}

Route* RouteTable::find_in(const Prefixes& prefixes, std::string_view path) {
  // Prefixes are sorted. The greatest one up to a candidate either is the longest one of the path
  // that is left, or shows how much of the candidate any other can have: so far as both are the
  // same.
  for (auto candidate = path;;) {
    auto at = prefixes.upper_bound(candidate);
    if (at == prefixes.begin()) return nullptr;
    const std::string_view prefix = (--at)->first;
    const auto ends_at_border = [&] {
      return prefix.empty() || prefix.size() == path.size() || path[prefix.size()] == '/';
    };
    if (path.starts_with(prefix) && ends_at_border()) return at->second;
    const auto differ =
        std::mismatch(prefix.begin(), prefix.end(), candidate.begin(), candidate.end());
    const auto common = static_cast<std::size_t>(differ.first - prefix.begin());
    const auto cut = path.rfind('/', common);
    candidate = cut == std::string_view::npos ? std::string_view() : path.substr(0, cut);
  }
}

}  // namespace trellis::providers::httpserver
