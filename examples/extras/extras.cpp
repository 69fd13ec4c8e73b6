// Shows what the extras provider makes: a GUID, a random number below 100, a sequence number.
#include <trellis/actor.hpp>

using namespace trellis::guest;

static Result<http::Response> handle(const http::Request&) {
  auto guid = extras::guid();
  if (!guid) return guid.error();
  auto random = extras::random(0, 100);
  if (!random) return random.error();
  auto sequence = extras::sequence();
  if (!sequence) return sequence.error();
  return http::json("{\"guid\":\"" + *guid + "\",\"random\":" + std::to_string(*random) +
                    ",\"sequence\":" + std::to_string(*sequence) + "}");
}

TRELLIS_ACTOR(on<http::HandleRequest, handle>());
