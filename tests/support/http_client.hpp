// A client for tests that says exactly what it is told to, byte by byte, and reads whole responses.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "support/tcp_client.hpp"

namespace trellis::test {

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> header;  ///< names in lower case
  std::string head;                           ///< everything before the body
  std::string body;
};

/// Reads whole responses. Belongs to one thread.
class HttpClient : public TcpClient {
 public:
  explicit HttpClient(std::uint16_t port) : TcpClient(port) {}

  /// The next response; nothing when the connection ends before one is complete. `head_request`:
  /// no body follows.
  [[nodiscard]] std::optional<HttpResponse> receive(bool head_request = false) {
    auto head = until("\r\n\r\n");
    if (head.empty()) return std::nullopt;
    HttpResponse response = parse_head(std::move(head));
    const bool bodiless =
        head_request || response.status == 204 || response.status == 304 || response.status < 200;
    const std::size_t size = bodiless ? 0 : length_of(response);
    while (unread().size() < size) {
      if (!read_more()) return std::nullopt;
    }
    response.body = take(size);
    return response;
  }
  [[nodiscard]] std::optional<HttpResponse> ask(std::string_view request) {
    send(request);
    return receive();
  }

 private:
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
};

}  // namespace trellis::test
