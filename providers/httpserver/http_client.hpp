// A client for tests that says exactly what it is told to, byte by byte, and reads whole responses.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.hpp"

namespace trellis::test {

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> header;  ///< names in lower case
  std::string head;                           ///< everything before the body
  std::string body;
};

/// One TCP connection to 127.0.0.1. Every wait ends after 20 s. Belongs to one thread.
class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~HttpClient() { ::close(socket_); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  [[nodiscard]] bool connected() const noexcept { return connected_; }
  [[nodiscard]] int descriptor() const noexcept { return socket_; }

  /// False when the peer no longer reads.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  void end() { ::shutdown(socket_, SHUT_WR); }

  /// The next response; nothing when the connection ends before one is complete. `head_request`:
  /// no body follows.
  [[nodiscard]] std::optional<HttpResponse> receive(bool head_request = false) {
    std::size_t end = 0;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) return std::nullopt;
    }
    HttpResponse response = parse_head(input_.substr(0, end + 4));
    input_.erase(0, end + 4);
    const bool bodiless =
        head_request || response.status == 204 || response.status == 304 || response.status < 200;
    const std::size_t size = bodiless ? 0 : length_of(response);
    while (input_.size() < size) {
      if (!read_more()) return std::nullopt;
    }
    response.body = input_.substr(0, size);
    input_.erase(0, size);
    return response;
  }
  [[nodiscard]] std::optional<HttpResponse> ask(std::string_view request) {
    send(request);
    return receive();
  }
  /// Reads to the end: true when the server closed (and did not merely fall silent).
  [[nodiscard]] bool closed() {
    while (read_more()) {
    }
    return ended_;
  }
  [[nodiscard]] const std::string& unread() const noexcept { return input_; }

 private:
  bool read_more() {
    char buffer[16 * 1024];
    const ssize_t count = ::recv(socket_, buffer, sizeof buffer, 0);
    if (count > 0) input_.append(buffer, static_cast<std::size_t>(count));
    if (count == 0 || (count < 0 && errno == ECONNRESET)) ended_ = true;
    return count > 0;
  }
  static HttpResponse parse_head(std::string text) {
    HttpResponse response;
    const auto lines = split(text, '\n');
    const std::string_view status = lines.front().substr(std::min<std::size_t>(9, lines[0].size()));
    std::from_chars(status.data(), status.data() + status.size(), response.status);
    for (std::size_t i = 1; i < lines.size(); ++i) {
      const auto colon = lines[i].find(':');
      if (colon == std::string_view::npos) continue;
      response.header[to_lower_ascii(lines[i].substr(0, colon))] = trim(lines[i].substr(colon + 1));
    }
    response.head = std::move(text);
    return response;
  }
  static std::size_t length_of(const HttpResponse& response) {
    const auto found = response.header.find("content-length");
    if (found == response.header.end()) throw std::runtime_error("a response without length");
    return std::stoul(found->second);
  }

  int socket_;
  bool connected_ = false;
  bool ended_ = false;
  std::string input_;
};

}  // namespace trellis::test
