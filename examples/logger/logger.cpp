// Writes the body of each request to the host's log, at the level named by the path (/warn).
#include <trellis/actor.hpp>

using namespace trellis::guest;

static Result<http::Response> handle(const http::Request& request) {
  const auto level = request.path.size() > 1 ? request.path.substr(1) : std::string("info");
  auto written = logging::write(level, request.body.data);
  if (!written) return http::text(written.error().text + "\n", 400, "Bad Request");
  return http::text("logged\n");
}

TRELLIS_ACTOR(on<http::HandleRequest, handle>());
