// Your actor: greets, and counts how often.
#include <trellis/actor.hpp>

using namespace trellis::guest;

static Result<http::Response> handle(const http::Request& request) {
  auto name = request.path.substr(1);
  if (name.empty()) name = "world";
  auto visits = kv::add("visits:" + name, 1);
  if (!visits) return visits.error();  // the caller gets this error
  console_log(name + " was here");
  return http::text("Hello, " + name + "! Visit " + std::to_string(*visits) + ".\n");
}

TRELLIS_ACTOR(on<http::HandleRequest, handle>());
