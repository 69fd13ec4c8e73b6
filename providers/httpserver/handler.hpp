// Handler of a server's requests: the one seam between HTTP and whatever is behind it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "codec/messages/httpserver.hpp"
#include "trellis/bytes.hpp"

namespace trellis::providers::httpserver {

/// The headers of a request.
class RequestHeaders {
 public:
  virtual ~RequestHeaders() = default;
  /// By name in lower case; repeated ones joined as in the Request message.
  [[nodiscard]] virtual std::optional<std::string> find(std::string_view name) const = 0;
};

/// One complete request. The views are valid until handle returns.
struct RequestView {
  ByteView message;         ///< the Request of contracts.md 3.1, encoded: what an actor is sent
  std::string_view method;  ///< as received
  std::string_view path;    ///< still percent-encoded, without query
  std::chrono::milliseconds timeout;  ///< how long the answer may take
  const RequestHeaders* headers = nullptr;

  [[nodiscard]] std::optional<std::string> header(std::string_view name) const {
    return headers == nullptr ? std::nullopt : headers->find(name);
  }
};

/// Called on the I/O threads of the server, for many connections at once. May block where the
/// thread's blocking hooks allow it (threads/blocking.hpp). Must not throw; what is thrown all the
/// same closes the connection.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  /// Fills in `response`, which comes as a default Response: 200 without headers and body. What
  /// cannot be sent (a status outside 200..999, a header with a line end) is mended and logged.
  virtual void handle(const RequestView& request, codec::httpserver::Response& response) = 0;
};

}  // namespace trellis::providers::httpserver
