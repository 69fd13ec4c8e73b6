// The smallest HTTP actor: answers each request with its path.
#include <trellis/actor.hpp>

using namespace trellis::guest;

static Result<http::Response> handle(const http::Request& request) {
  http::Response response;
  response.body = Blob(request.path);
  return response;
}

TRELLIS_ACTOR(on<http::HandleRequest, handle>());
