// HTTP through an actor against the same server answering the same bytes from C++.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "bench/bench.hpp"
#include "bench/guests.hpp"
#include "bench/http_load.hpp"

namespace trellis::bench {
namespace {

namespace http = providers::httpserver;

/// Answers in C++ what the echo actor answers: the path.
class PathHandler final : public http::RequestHandler {
 public:
  void handle(const http::RequestView& request, codec::httpserver::Response& response) override {
    response.body = to_bytes(request.path);
  }
};

}  // namespace

Result<void> measure_http(const std::shared_ptr<EngineRuntime>& engine, const Options& options,
                          Report& report) {
  const int turns = options.quick ? 1 : 3;
  for (const int connections : {1, 64}) {
    double floor = 0;
    double value = 0;
    for (const unsigned workers : {1U, 2U, 4U}) {
      if (options.progress) {
        options.progress(
            fmt::format("HTTP, {} connections, {} server threads", connections, workers));
      }
      const HttpLoad load{workers, connections, 1};
      const auto found = rates_by_turns(
          turns, [&] { return handler_rate(std::make_shared<PathHandler>(), load); },
          [&] { return actor_rate(engine, http_echo_guest(), {}, load); });
      if (!found) return pass(found);
      floor = std::max(floor, found->floor);
      value = std::max(value, found->value);
    }
    const double least = connections == 1 ? 0.85 : 0.7;
    report.add({fmt::format("(e) HTTP through an actor, {} connections", connections), value, "1/s",
                floor, value / floor, fmt::format(">= {:.2f} x bare server", least),
                value >= least * floor});
  }
  return {};
}

}  // namespace trellis::bench
