#include "admin/http/loopback.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <system_error>

namespace trellis::admin {
namespace {

union AnyAddress {
  sockaddr generic;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto* end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data(), end, port);
  if (problem != std::errc() || at != end || text.empty()) return std::nullopt;
  return port;
}

std::optional<AnyAddress> parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = port_of(text.substr(colon + 1));
  std::string host(text.substr(0, colon));
  if (!port) return std::nullopt;
  AnyAddress made{};
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    made.v6.sin6_family = AF_INET6;
    made.v6.sin6_port = htons(*port);
    if (::inet_pton(AF_INET6, host.c_str(), &made.v6.sin6_addr) == 1) return made;
    return std::nullopt;
  }
  if (host == "localhost") host = "127.0.0.1";
  made.v4.sin_family = AF_INET;
  made.v4.sin_port = htons(*port);
  if (::inet_pton(AF_INET, host.c_str(), &made.v4.sin_addr) == 1) return made;
  return std::nullopt;
}

bool is_loopback(const AnyAddress& address) {
  if (address.generic.sa_family == AF_INET) return ntohl(address.v4.sin_addr.s_addr) >> 24 == 127;
  return std::memcmp(&address.v6.sin6_addr, &in6addr_loopback, sizeof in6addr_loopback) == 0;
}

socklen_t length_of(const AnyAddress& address) {
  return address.generic.sa_family == AF_INET ? sizeof address.v4 : sizeof address.v6;
}

std::string text_of(const AnyAddress& address) {
  char host[INET6_ADDRSTRLEN] = "";
  if (address.generic.sa_family == AF_INET) {
    ::inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof host);
    return fmt::format("{}:{}", host, ntohs(address.v4.sin_port));
  }
  ::inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof host);
  return fmt::format("[{}]:{}", host, ntohs(address.v6.sin6_port));
}

}  // namespace

Result<LoopbackListener> listen_on_loopback(std::string_view text) {
  auto address = parse(text);
  if (!address) {
    return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no address and port", text),
                "write it like 127.0.0.1:8090 or [::1]:8090");
  }
  if (!is_loopback(*address)) {
    return fail(ErrorCode::invalid_argument, fmt::format("'{}' is not a loopback address", text),
                "use 127.0.0.1 or [::1]; put a proxy in front to reach it from elsewhere");
  }
  Descriptor socket(
      ::socket(address->generic.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  socklen_t length = length_of(*address);
  // Without it a restart within a minute fails on connections that linger.
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!socket || ::bind(socket.get(), &address->generic, length) != 0 ||
      ::listen(socket.get(), 16) != 0 ||
      ::getsockname(socket.get(), &address->generic, &length) != 0) {
    return fail(ErrorCode::unavailable,
                fmt::format("{}: {}", text, std::generic_category().message(errno)),
                "choose another port, or 0 for any");
  }
  return LoopbackListener{std::move(socket), text_of(*address)};
}

}  // namespace trellis::admin
