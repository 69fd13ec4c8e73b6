// Answers each HTTP request with what another actor, named by its call alias, makes of 11.
#include <trellis/actor.hpp>

using namespace trellis::guest;

struct Ping {
  std::int64_t value = 0;
  static constexpr auto fields() { return std::make_tuple(field("value", &Ping::value)); }
};

static Result<http::Response> handle(const http::Request&) {
  auto pong = request<Ping>("wasmcloud/examples/ponger", "Ping", Ping{11}, "default");
  if (!pong) return pong.error();
  return http::json("{\"value\":" + std::to_string(pong->value) + "}");
}

TRELLIS_ACTOR(on<http::HandleRequest, handle>());
