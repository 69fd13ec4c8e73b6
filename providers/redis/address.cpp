#include "providers/redis/address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace trellis::providers::redis {

namespace {

// Bound on a text from a link, which may come from any host of the lattice.
constexpr std::size_t max_chars = 2048;

// Refusal that shows the form of a URL instead of the URL at hand: that may hold a password, and
// errors go to logs and other hosts.
[[nodiscard]] std::unexpected<Error> refuse(std::string_view why) {
  return fail(ErrorCode::invalid_argument, fmt::format("the URL of the Redis server {}", why),
              "write redis://host:port/database or redis://:password@host:port/database");
}

[[nodiscard]] bool is_host_char(char c) noexcept {
  return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_';
}
[[nodiscard]] bool is_ipv6_char(char c) noexcept {
  // Percent: a link-local address names its interface, fe80::1%eth0.
  return is_host_char(c) || c == ':' || c == '%';
}

template <class Number>
// Number that the whole text is; nothing for signs, blanks or what the type cannot hold.
[[nodiscard]] std::optional<Number> number_of(std::string_view text) {
  Number number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Login `[user]:password`. A `user` alone is refused: without a password no login would be sent,
/// and the server's default user would act in silence.
[[nodiscard]] Result<void> read_login(std::string_view text, Address& address) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return refuse("has a user without a password");
  auto user = percent_decoded(text.substr(0, colon));
  auto password = percent_decoded(text.substr(colon + 1));
  if (!user || !password) return refuse("has a '%' in its login that two hex digits do not follow");
  // Empty password with a user: Address has no login without a password, so the user would be
  // dropped. Both empty (`:@host`) is no login at all.
  if (password->empty() && !user->empty()) return refuse("has a user with an empty password");
  address.user = std::move(*user);
  address.password = std::move(*password);
  return {};
}

[[nodiscard]] Result<void> read_host(std::string_view text, Address& address) {
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return refuse("has a '[' without ']'");
    address.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!std::ranges::all_of(address.host, is_ipv6_char)) return refuse("has a bad host");
  } else {
    address.host = text.substr(0, text.find(':'));
    port = text.substr(address.host.size());
    if (!std::ranges::all_of(address.host, is_host_char)) return refuse("has a bad host");
  }
  if (address.host.empty()) return refuse("names no host");
  // Default of the first-party provider, a listening address used as a destination (contracts.md
  // 3.11).
  if (address.host == "0.0.0.0") address.host = "127.0.0.1";
  if (port.empty()) return {};
  const auto number = port.front() == ':' ? number_of<std::uint16_t>(port.substr(1)) : std::nullopt;
  if (!number || *number == 0) return refuse("has a port that is no number from 1 to 65535");
  address.port = *number;
  return {};
}

[[nodiscard]] Result<void> read_database(std::string_view text, Address& address) {
  if (text.empty()) return {};
  // Servers count them in 32 bits with a sign.
  const auto number = number_of<std::int32_t>(text);
  if (!number || *number < 0) return refuse("has a path that is not the number of a database");
  address.database = static_cast<std::uint32_t>(*number);
  return {};
}

}  // namespace

std::string Address::shown() const {
  return host.contains(':') ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<Address> parse_address(std::string_view url) {
  if (url.size() > max_chars) return refuse("is too long");
  // Control characters are refused before anything is quoted or sent: a line end in a login would
  // begin a command of its own in other clients, and a line of its own in a log.
  const bool unfit = std::ranges::any_of(url, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= ' ' || byte == 0x7f;
  });
  if (unfit) return refuse("contains a blank or a control character");
  const auto scheme_end = url.find("://");
  const auto scheme = to_lower_ascii(url.substr(0, std::min(scheme_end, url.size())));
  const bool tls = scheme == "rediss";
  if (scheme_end == std::string_view::npos || (scheme != "redis" && !tls)) {
    return refuse("does not begin with redis:// or rediss://");
  }
  const auto rest = url.substr(scheme_end + 3);
  const auto authority = rest.substr(0, rest.find('/'));
  const auto path = rest.substr(std::min(authority.size() + 1, rest.size()));
  Address address;
  address.tls = tls;
  auto host = authority;
  // Last '@', because passwords with an unescaped one are common; a host cannot contain it.
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    if (auto login = read_login(authority.substr(0, at), address); !login) return pass(login);
    host = authority.substr(at + 1);
  }
  if (auto read = read_host(host, address); !read) return pass(read);
  if (auto read = read_database(path, address); !read) return pass(read);
  return address;
}

}  // namespace trellis::providers::redis
