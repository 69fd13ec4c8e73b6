// Counts the visits of each path in a key-value store and answers {"counter":N}.
#include <trellis/actor.hpp>

#include <algorithm>

using namespace trellis::guest;

static Result<http::Response> handle(const http::Request& request) {
  auto key = request.path;
  // Keys as the first-party example makes them: both count in one store.
  std::replace(key.begin(), key.end(), '/', ':');
  auto counter = kv::add(key, 1);
  if (!counter) return counter.error();
  return http::json("{\"counter\":" + std::to_string(*counter) + "}");
}

TRELLIS_ACTOR(on<http::HandleRequest, handle>());
