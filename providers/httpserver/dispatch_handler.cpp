#include "providers/httpserver/dispatch_handler.hpp"

#include <utility>

namespace trellis::providers::httpserver {
namespace {

void set_text(codec::httpserver::Response& response, std::uint32_t status, std::string_view text) {
  response = {status, "", {{"content-type", "text/plain; charset=utf-8"}}, to_bytes(text)};
}

}  // namespace

DispatchHandler::DispatchHandler(sdk23::Host host, Log log, std::string actor, bool show_errors)
    : host_(host), log_(std::move(log)), actor_(std::move(actor)), show_errors_(show_errors) {}

// Texts and statuses are those of contracts.md 3.1. The error itself is for the log, unless the
// link says otherwise: it may tell strangers of the inside.
std::string DispatchHandler::body(std::string_view text, const Error& error) const {
  std::string all(text);
  if (show_errors_) all.append(": ").append(error.message).append("\n");
  return all;
}

void DispatchHandler::handle(const RequestView& request, codec::httpserver::Response& response) {
  const auto reply = host_.dispatch(TRELLIS_NO_CALL, actor_, codec::httpserver::handle_request,
                                    request.message, request.timeout);
  if (!reply) return answer_error(reply.error(), request, response);
  auto decoded = codec::decode<codec::httpserver::Response>(reply->bytes());
  if (decoded) {
    response = std::move(*decoded);
    return;
  }
  log_.warn("actor {} answered {} {} with something that is no HTTP response: {}", actor_,
            request.method, request.path, decoded.error().message);
  set_text(response, 500, body("Malformed response from actor", decoded.error()));
}

void DispatchHandler::answer_error(const Error& error, const RequestView& request,
                                   codec::httpserver::Response& response) const {
  log_.warn("{} {} for actor {} failed: {}", request.method, request.path, actor_, error.message);
  switch (error.code) {
    // Busy and late are told apart from failures, so that clients and balancers try again.
    case ErrorCode::busy:
    case ErrorCode::cancelled:
      set_text(response, 503, "The actor is busy");
      response.header["retry-after"] = "1";
      break;
    case ErrorCode::deadline: set_text(response, 504, "The actor did not answer in time"); break;
    default: set_text(response, 500, body("Failed to handle request", error));
  }
}

}  // namespace trellis::providers::httpserver
