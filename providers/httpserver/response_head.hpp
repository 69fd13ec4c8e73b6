// The head of a response as it goes over the wire, and what of an actor's answer may go into it.
#pragma once

#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>

#include "codec/messages/httpserver.hpp"

namespace trellis::providers::httpserver {

/// Demands of request and connection on the response.
struct ResponseTerms {
  bool head_request = false;  ///< no body follows whatever the headers say
  bool keep_alive = true;
  bool http_10 = false;  ///< keeping the connection must be said
};

/// Outcome of writing the response.
struct ResponseOutcome {
  unsigned status = 200;  ///< as sent
  bool send_body = true;
  bool keep_alive = true;           ///< false also when the actor asked for `connection: close`
  std::size_t dropped_headers = 0;  ///< names or values that HTTP does not allow
  std::string_view first_dropped;   ///< the name of one of them; a part of the response
};

/// Formats `Date` once a second. Belongs to one thread at a time.
class DateText {
 public:
  /// "Sun, 06 Nov 1994 08:49:37 GMT"
  [[nodiscard]] std::string_view at(std::time_t now);

 private:
  std::time_t second_ = -1;
  char text_[30] = {};
};

/// Whether a status may be sent as a final one: 200..999 (1xx promise that another one follows).
[[nodiscard]] bool is_final_status(std::uint32_t status) noexcept;

/// Replaces `out` by status line and headers. The status must be final. Length and connection
/// headers are ours; those of the actor are left out, as are invalid ones, so nothing an actor
/// returns can begin a header or a response of its own. Several values for one name do not exist in
/// the contract.
[[nodiscard]] ResponseOutcome write_response_head(const codec::httpserver::Response& response,
                                                  const ResponseTerms& terms, std::string_view date,
                                                  std::string& out);

}  // namespace trellis::providers::httpserver
