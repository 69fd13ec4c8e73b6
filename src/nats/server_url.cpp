#include "nats/server_url.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace trellis::nats {
namespace {

constexpr std::size_t max_chars = 2048;

/// `shown` is the address without its login, which must not get into errors and logs.
std::unexpected<Error> refuse(std::string_view shown, std::string_view why) {
  return fail(ErrorCode::invalid_argument,
              fmt::format("\"{}\" is no address of a NATS server: {}", excerpt(shown), why),
              "write host, host:port, nats://host:port or tls://host:port");
}

bool is_unfit(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= ' ' || byte == 0x7f;
}

/// Characters of names and of IPv4 addresses; underscores are in names of containers.
bool is_host_char(char c) {
  return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_';
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

/// Place of the port's colon, which is not one of an IPv6 address; the end when there is none.
std::size_t find_port(std::string_view address) {
  const auto bracket = address.rfind(']');
  const auto colon = address.find(':', bracket == std::string_view::npos ? 0 : bracket);
  return std::min(colon, address.size());
}

/// Whether it is an IPv6 address with nothing around it.
bool is_bare_v6(std::string_view address) {
  in6_addr ignored{};
  return ::inet_pton(AF_INET6, std::string(address.substr(0, address.find('%'))).c_str(),
                     &ignored) == 1;
}

/// Login before the `@`; nothing where a percent sign is followed by anything but two hex digits.
std::optional<UrlLogin> parse_login(std::string_view text) {
  const auto colon = text.find(':');
  auto user = percent_decoded(text.substr(0, colon));
  if (!user) return std::nullopt;
  UrlLogin login{std::move(*user), std::nullopt};
  if (colon == std::string_view::npos) return login;
  login.password = percent_decoded(text.substr(colon + 1));
  return login.password ? std::optional(std::move(login)) : std::nullopt;
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
  // Last `@` ends the login: passwords may have one that is not encoded.
  const auto at = rest.rfind('@');
  const auto login = at == std::string_view::npos ? std::string_view() : rest.substr(0, at);
  auto address = at == std::string_view::npos ? rest : rest.substr(at + 1);
  while (address.ends_with('/')) address.remove_suffix(1);
  if (rest.size() > max_chars) return refuse(address, "it is too long");
  if (std::ranges::any_of(rest, is_unfit)) {
    return refuse(address, "it has a blank or a control character");
  }
  if (!login.empty()) {
    url.login = parse_login(login);
    if (!url.login) return refuse(address, "its login has a '%' without two hex digits");
  }
  const auto bracketed = is_bare_v6(address) ? fmt::format("[{}]", address) : std::string(address);
  address = bracketed;
  const auto colon = find_port(address);
  const auto host = address.substr(0, colon);
  if (!is_host(host)) return refuse(address, "the host name is empty or has a foreign character");
  const auto port = colon == address.size() ? 4222 : parse_port(address.substr(colon + 1));
  if (!port) return refuse(address, "the port is not a number from 1 to 65535");
  url.shown = fmt::format("{}:{}", host, *port);
  const bool brackets = host.starts_with('[');
  url.host = brackets ? host.substr(1, host.size() - 2) : host;
  url.port = *port;
  return url;
}

std::vector<std::string> split_servers(std::string_view list) {
  std::vector<std::string> servers;
  for (const auto part : split(list, ',')) {
    if (const auto server = trim(part); !server.empty()) servers.emplace_back(server);
  }
  return servers;
}

Result<std::vector<ServerUrl>> parse_server_urls(const std::vector<std::string>& texts) {
  if (texts.empty()) {
    return fail(ErrorCode::invalid_argument, "no NATS server is named", "name one: host:port");
  }
  std::vector<ServerUrl> urls;
  for (const auto& list : texts) {
    const auto items = split_servers(list);
    if (items.empty()) return refuse(list, "it is empty");
    for (const auto& text : items) {
      auto url = parse_server_url(text);
      if (!url) return pass(url);
      urls.push_back(std::move(*url));
    }
  }
  return urls;
}

std::string shown(const std::vector<ServerUrl>& servers) {
  std::vector<std::string> names;
  names.reserve(servers.size());
  for (const auto& server : servers) names.push_back(server.shown);
  return join(names, ", ");
}

}  // namespace trellis::nats
