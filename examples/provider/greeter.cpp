// Asks the provider next door (greeting.c) for a greeting of the name in the path.
#include <trellis/actor.hpp>

using namespace trellis::guest;

static Result<http::Response> handle(const http::Request& request) {
  auto greeting = host_call("example:greeting", "Greet", request.path.substr(1));
  if (!greeting) return greeting.error();
  return http::text(*greeting + "\n");
}

TRELLIS_ACTOR(on<http::HandleRequest, handle>());
