// Requests answered by an actor.
#pragma once

#include <string>

#include "base/log.hpp"
#include "providers/httpserver/handler.hpp"
#include "trellis/provider.hpp"

namespace trellis::providers::httpserver {

/// Any thread; on threads of the host the actor runs inline. Outcomes (contracts.md 3.1, and ours):
///
///   answer that decodes                    what the actor said
///   answer that does not                   500 `Malformed response from actor`
///   error or refusal                       500 `Failed to handle request`; the text is logged
///   host busy, or stopping                 503 with Retry-After
///   no answer in time                      504
///
/// `show_errors`: the body of a 500 says why, which is for those who write the actor, not for the
/// world.
class DispatchHandler final : public RequestHandler {
 public:
  DispatchHandler(sdk23::Host host, Log log, std::string actor, bool show_errors);
  void handle(const RequestView& request, codec::httpserver::Response& response) override;

 private:
  [[nodiscard]] std::string body(std::string_view text, const Error& error) const;
  void answer_error(const Error& error, const RequestView& request,
                    codec::httpserver::Response& response) const;

  sdk23::Host host_;
  Log log_;
  std::string actor_;
  bool show_errors_;
};

}  // namespace trellis::providers::httpserver
