// The counter of the examples over HTTP and Redis, against the same handler in C++ with hiredis.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "bench/bench.hpp"
#include "bench/guests.hpp"
#include "bench/http_load.hpp"
#include "providers/redis/links.hpp"
#include "providers/redis/values.hpp"

namespace trellis::bench {
namespace {

namespace redis = providers::redis;

/// What examples/kvcounter does.
class CounterHandler final : public providers::httpserver::RequestHandler {
 public:
  explicit CounterHandler(redis::Settings settings) : pool_(std::move(settings)) {}

  void handle(const providers::httpserver::RequestView& request,
              codec::httpserver::Response& response) override {
    std::string key(request.path);
    std::ranges::replace(key, '/', ':');
    auto reply =
        pool_.ask({"INCRBY", key, "1"}, std::chrono::steady_clock::now() + std::chrono::seconds(5));
    const auto count = reply ? redis::to_integer(*reply) : Result<std::int64_t>(0);
    if (!reply || !count) {
      response.status_code = 500;
      return;
    }
    response.header["content-type"] = "application/json";
    response.body = to_bytes(fmt::format("{{\"counter\":{}}}", *count));
  }

 private:
  redis::Pool pool_;
};

}  // namespace

Result<void> measure_counter(const std::shared_ptr<EngineRuntime>& engine, const Options& options,
                             Report& report) {
  if (options.redis_url.empty()) return {};
  const std::map<std::string, std::string> values = {{"URL", options.redis_url},
                                                     {"CONNECTIONS", "64"}};
  auto settings = redis::read_settings({values.begin(), values.end()});
  if (!settings) return pass(settings);
  const int turns = options.quick ? 1 : 3;
  for (const int connections : {1, 64}) {
    if (options.progress) {
      options.progress(fmt::format("HTTP and Redis, {} connections", connections));
    }
    double floor = 0;
    double value = 0;
    for (const unsigned workers : {1U, 2U, 4U}) {
      const HttpLoad load{workers, connections, 1};
      const auto found = rates_by_turns(
          turns, [&] { return handler_rate(std::make_shared<CounterHandler>(*settings), load); },
          [&] {
            return actor_rate(engine, kvcounter_guest(),
                              {{"builtin:keyvalue-redis", "wasmcloud:keyvalue", values}}, load);
          });
      if (!found) return pass(found);
      floor = std::max(floor, found->floor);
      value = std::max(value, found->value);
    }
    const double least = connections == 1 ? 0.6 : 0.7;
    report.add({fmt::format("(j) HTTP and Redis counter, {} connections", connections), value,
                "1/s", floor, value / floor,
                fmt::format(">= {:.2f} x the same in C++ with hiredis", least),
                value >= least * floor});
  }
  return {};
}

}  // namespace trellis::bench
