// Cross-origin requests of browsers (Fetch 3.3): what pages of other origins may ask of an actor.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "providers/httpserver/handler.hpp"

namespace trellis::providers::httpserver {

/// Values, compared by value.
struct CorsRules {
  bool any_origin = false;
  std::vector<std::string> origins;  ///< as browsers write them: "https://a.example:8443"
  bool any_method = false;
  std::vector<std::string> methods = {"GET", "HEAD", "POST"};
  bool any_header = false;
  std::vector<std::string> headers;      ///< in any letter case
  std::optional<std::uint32_t> max_age;  ///< seconds; absent: not sent
  bool credentials = false;              ///< never with an any_…

  friend bool operator==(const CorsRules&, const CorsRules&) = default;
};

/// Answers preflights (OPTIONS with Origin and Access-Control-Request-Method) without the actor:
///   204 with what is allowed, or 403 with the reason when origin, method or a header is not.
/// Every other request goes to `inner`. Its response gets Access-Control-Allow-Origin when the
/// origin is allowed, in place of what the actor said about that; the request of another origin is
/// served without, which makes the browser withhold the response from the page. `Vary: Origin` goes
/// with every response unless all origins are allowed. Any thread.
class CorsHandler final : public RequestHandler {
 public:
  CorsHandler(CorsRules rules, std::shared_ptr<RequestHandler> inner);
  void handle(const RequestView& request, codec::httpserver::Response& response) override;

 private:
  [[nodiscard]] bool allows_origin(std::string_view origin) const;
  [[nodiscard]] std::string refusal(std::string_view origin, std::string_view method,
                                    std::string_view headers) const;
  void answer_preflight(const RequestView& request, std::string_view origin,
                        std::string_view method, codec::httpserver::Response& response) const;
  void add_origin(std::string_view origin, codec::httpserver::Response& response) const;

  const CorsRules rules_;
  const std::shared_ptr<RequestHandler> inner_;
};

}  // namespace trellis::providers::httpserver
