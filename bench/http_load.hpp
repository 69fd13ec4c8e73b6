// Requests per second of an HTTP server: a handler in C++, or an actor of a host.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/fixture.hpp"
#include "providers/httpserver/handler.hpp"
#include "trellis/engine.hpp"
#include "trellis/result.hpp"

namespace trellis::bench {

/// How the server is asked, with `wrk`.
struct HttpLoad {
  unsigned workers = 1;
  int connections = 1;
  double seconds = 1;
};

/// The server of the HTTP provider without any host. Errors: unavailable, also when an answer was
/// not 2xx.
[[nodiscard]] Result<double> handler_rate(
    std::shared_ptr<providers::httpserver::RequestHandler> handler, const HttpLoad& load);

/// Another provider of the actor.
struct ExtraLink {
  std::string provider;  ///< builtin:...
  std::string contract;
  std::map<std::string, std::string> values;
};
/// An actor behind the HTTP provider of a host in this process. Errors as above.
[[nodiscard]] Result<double> actor_rate(const std::shared_ptr<EngineRuntime>& engine,
                                        ByteView guest, const std::vector<ExtraLink>& extra,
                                        const HttpLoad& load);

struct Rates {
  double floor = 0;
  double value = 0;
};
/// Both by turns in pieces of a second, which is the shortest that `wrk` measures: the medians.
[[nodiscard]] Result<Rates> rates_by_turns(int turns, const std::function<Result<double>()>& floor,
                                           const std::function<Result<double>()>& value);

}  // namespace trellis::bench
