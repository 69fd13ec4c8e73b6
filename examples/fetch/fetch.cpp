// Asks another server and tells what it said: GET /?http://example.com/
#include <trellis/actor.hpp>

using namespace trellis::guest;

static Result<http::Response> handle(const http::Request& request) {
  if (request.query_string.empty()) return http::text("ask with /?URL\n", 400, "Bad Request");
  auto answer = httpclient::get(request.query_string);
  if (!answer) return http::text(answer.error().text + "\n", 502, "Bad Gateway");
  return http::text(std::to_string(answer->status_code) + " " + answer->status + ", " +
                    std::to_string(answer->body.data.size()) + " bytes\n");
}

TRELLIS_ACTOR(on<http::HandleRequest, handle>());
