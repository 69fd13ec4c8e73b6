#include "lattice/nats/server_url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "base/text.hpp"

namespace trellis::lattice::nats {
namespace {

constexpr std::size_t most_chars = 2048;

std::unexpected<Error> refuse(std::string_view shown, std::string_view why) {
  return fail(ErrorCode::invalid_argument,
              fmt::format("\"{}\" is no address of a NATS server: {}", excerpt(shown), why),
              "write host, host:port, nats://host:port or tls://host:port");
}

bool is_unfit(char c) {
  const auto byte = static_cast<unsigned char>(c);
  // User and password go into a JSON text of the library as they are.
  return byte <= ' ' || byte == 0x7f || c == '"' || c == '\\';
}

bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

bool is_address_char(char c) {
  return is_host_char(c) || c == ':' || c == '%';
}

bool is_host(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    return std::ranges::all_of(host.substr(1, host.size() - 2), is_address_char);
  }
  return !host.empty() && std::ranges::all_of(host, is_host_char);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (problem != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

/// Where the port's colon is, which is not one of an IPv6 address; the end when there is none.
std::size_t find_port(std::string_view address) {
  const auto bracket = address.rfind(']');
  const auto colon = address.find(':', bracket == std::string_view::npos ? 0 : bracket);
  return std::min(colon, address.size());
}

}  // namespace

Result<ServerUrl> parse_server_url(std::string_view text) {
  auto rest = trim(text);
  ServerUrl url;
  if (const auto scheme_end = rest.find("://"); scheme_end != std::string_view::npos) {
    const auto scheme = to_lower_ascii(rest.substr(0, scheme_end));
    if (scheme != "nats" && scheme != "tls") return refuse(scheme + "://…", "unknown scheme");
    url.tls = scheme == "tls";
    rest.remove_prefix(scheme_end + 3);
  }
  const auto at = rest.rfind('@');
  const auto user = at == std::string_view::npos ? std::string_view() : rest.substr(0, at + 1);
  auto address = rest.substr(user.size());
  while (address.ends_with('/')) address.remove_suffix(1);
  if (rest.size() > most_chars) return refuse(address, "it is too long");
  if (std::ranges::any_of(rest, is_unfit)) {
    return refuse(address, "it has a blank, a quote, a backslash or a control character");
  }
  const auto colon = find_port(address);
  const auto host = address.substr(0, colon);
  if (!is_host(host)) return refuse(address, "the host name is empty or has a foreign character");
  const auto port = colon == address.size() ? 4222 : parse_port(address.substr(colon + 1));
  if (!port) return refuse(address, "the port is not a number from 1 to 65535");
  url.shown = fmt::format("{}:{}", host, *port);
  url.text = fmt::format("nats://{}{}", user, url.shown);
  return url;
}

Result<std::vector<ServerUrl>> parse_server_urls(const std::vector<std::string>& texts) {
  if (texts.empty()) {
    return fail(ErrorCode::invalid_argument, "no NATS server is named", "name one: host:port");
  }
  std::vector<ServerUrl> urls;
  for (const auto& text : texts) {
    auto url = parse_server_url(text);
    if (!url) return pass(url);
    urls.push_back(std::move(*url));
  }
  return urls;
}

std::string shown(const std::vector<ServerUrl>& servers) {
  std::vector<std::string> names;
  names.reserve(servers.size());
  for (const auto& server : servers) names.push_back(server.shown);
  return join(names, ", ");
}

}  // namespace trellis::lattice::nats
