#include "providers/net/endpoints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/text.hpp"
#include "providers/common/link_values.hpp"

namespace trellis::providers {
namespace {

constexpr std::string_view remedy = "correct the link and put it again";
constexpr std::size_t max_addresses = 16;

std::optional<std::uint16_t> to_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

/// Address of "8080", "127.0.0.1:8080" or "[::1]:8080"; names are not resolved (contracts.md 3.1).
std::optional<Endpoint> to_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    const auto port = to_port(text);
    if (!port) return std::nullopt;
    return Endpoint(net::ip::address_v4::any(), *port);
  }
  const auto port = to_port(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  AsioError error;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    const auto address = net::ip::make_address_v6(std::string(host), error);
    if (error || !port) return std::nullopt;
    return Endpoint(address, *port);
  }
  if (host.empty() && port) return Endpoint(net::ip::address_v4::any(), *port);
  const auto address = net::ip::make_address_v4(std::string(host), error);
  if (error || !port) return std::nullopt;
  return Endpoint(address, *port);
}

void add_once(std::vector<Endpoint>& all, const Endpoint& endpoint) {
  if (std::find(all.begin(), all.end(), endpoint) == all.end()) all.push_back(endpoint);
}

Result<void> read_bind(std::string_view list, std::vector<Endpoint>& all) {
  for (const auto piece : split(list, ',')) {
    const auto item = trim(piece);
    const auto endpoint = to_endpoint(item);
    if (!endpoint) {
      return fail(
          ErrorCode::invalid_argument,
          fmt::format("link value BIND has '{}', expected IP:PORT, [IPv6]:PORT, :PORT or PORT",
                      excerpt(item)),
          std::string(remedy));
    }
    add_once(all, *endpoint);
  }
  if (all.size() <= max_addresses) return {};
  return fail(
      ErrorCode::limit,
      fmt::format("link value BIND lists {} addresses; {} are allowed", all.size(), max_addresses),
      std::string(remedy));
}

}  // namespace

Result<std::vector<Endpoint>> read_endpoints(const codec::StringMap& values,
                                             std::uint16_t default_port) {
  std::vector<Endpoint> all;
  const auto list = text_value(values, "BIND");
  if (!list.empty()) {
    if (auto read = read_bind(list, all); !read) return pass(read);
  }
  // PORT is added to BIND where both are there (contracts.md 3.1).
  if (!text_value(values, "PORT").empty()) {
    const auto port = number_value(values, "PORT", 0, 0, 65535);
    if (!port) return pass(port);
    add_once(all, Endpoint(net::ip::address_v4::any(), static_cast<std::uint16_t>(*port)));
  }
  if (all.empty()) all.emplace_back(net::ip::address_v4::any(), default_port);
  return all;
}

// IPv6 sockets take IPv4 as well on Linux, and would collide with an IPv4 address of the same port.
bool needs_v6_only(const std::vector<Endpoint>& all, const Endpoint& endpoint) {
  return std::any_of(all.begin(), all.end(), [&](const Endpoint& other) {
    return other.address().is_v4() && other.port() == endpoint.port();
  });
}

}  // namespace trellis::providers
