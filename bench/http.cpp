// HTTP through an actor against the same server answering the same bytes from C++.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include "bench/bench.hpp"
#include "bench/fixture.hpp"
#include "bench/guests.hpp"
#include "bench/measure.hpp"
#include "providers/httpserver/server.hpp"

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

/// The kind of threads a host gives the server.
class GuestThreads final : public providers::ThreadSource {
 public:
  Result<std::unique_ptr<providers::PoolThread>> start(std::string_view name,
                                                       std::function<void()> body,
                                                       BlockingHooks& hooks) override {
    auto thread = engine::GuestThread::start(name, [body = std::move(body), &hooks] {
      const ThreadBlockingHooks announced(&hooks);
      body();
    });
    if (!thread) return pass(thread);
    return std::make_unique<Running>(std::move(*thread));
  }

 private:
  struct Running final : providers::PoolThread {
    explicit Running(engine::GuestThread running) : thread(std::move(running)) {}
    engine::GuestThread thread;
  };
};

/// Requests per second as `wrk` counts them; nothing when it cannot be run.
std::optional<double> wrk(const std::string& url, int connections, double seconds) {
  const auto command = fmt::format("wrk -t1 -c{} -d{}s {}/x 2>/dev/null", connections,
                                   std::max(1, static_cast<int>(seconds)), url);
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  if (!pipe) return std::nullopt;
  std::array<char, 256> line{};
  double rate = 0;
  bool errors = false;
  while (std::fgets(line.data(), line.size(), pipe.get()) != nullptr) {
    const std::string_view text(line.data());
    if (text.find("Non-2xx") != text.npos || text.find("Socket errors") != text.npos) errors = true;
    if (text.starts_with("Requests/sec:")) rate = std::strtod(line.data() + 13, nullptr);
  }
  if (rate <= 0 || errors) return std::nullopt;
  return rate;
}

Result<double> bare_rate(unsigned workers, int connections, double seconds) {
  GuestThreads threads;
  http::Server server(threads, Log(), {workers, 8});
  auto options =
      http::read_options({{"BIND", "127.0.0.1:0"}, {"WORKERS", std::to_string(workers)}});
  if (!options) return pass(options);
  auto served = server.put("bench", options->options, std::make_shared<PathHandler>());
  if (!served) return pass(served);
  const auto rate = wrk(server.urls().at(0), connections, seconds);
  server.remove("bench");
  server.stop(std::chrono::steady_clock::now() + std::chrono::seconds(5));
  if (!rate) return fail(ErrorCode::unavailable, "wrk could not be run", "install the package wrk");
  return *rate;
}

Result<double> actor_rate(const std::shared_ptr<EngineRuntime>& engine, unsigned workers,
                          int connections, double seconds) {
  host::Core core({}, engine);
  Signer signer;
  auto made = signer.sign(http_echo_guest());
  if (!made) return pass(made);
  if (auto started = core.start_actor(made->module, {}); !started) return pass(started);
  auto provider = core.start_provider("builtin:httpserver", ProviderOptions{});
  if (!provider) return pass(provider);
  auto link = core.set_link({made->key,
                             "wasmcloud:httpserver",
                             "default",
                             *provider,
                             {{"BIND", "127.0.0.1:0"}, {"WORKERS", std::to_string(workers)}}});
  if (!link) return pass(link);
  if (!core.binder().settle(std::chrono::steady_clock::now() + std::chrono::seconds(5))) {
    return fail(ErrorCode::deadline, "the HTTP link was not made");
  }
  core.health().run_round();
  std::string health;  // "listening on http://127.0.0.1:…"
  for (const auto& info : core.providers()) {
    if (info.key == *provider) health = info.health.reason;
  }
  const auto at = health.find("http://");
  if (at == std::string::npos) return fail(ErrorCode::unavailable, "no address: " + health);
  const auto rate =
      wrk(health.substr(at, health.find_first_of(" ,", at) - at), connections, seconds);
  core.stop();
  if (!rate) return fail(ErrorCode::unavailable, "wrk saw errors");
  return *rate;
}

}  // namespace

Result<void> measure_http(const std::shared_ptr<EngineRuntime>& engine, const Options& options,
                          Report& report) {
  const double seconds = options.quick ? 1 : 3;
  for (const int connections : {1, 64}) {
    double floor = 0;
    double value = 0;
    for (const unsigned workers : {1U, 2U, 4U}) {
      if (options.progress) {
        options.progress(
            fmt::format("HTTP, {} connections, {} server threads", connections, workers));
      }
      auto bare = bare_rate(workers, connections, seconds);
      if (!bare) return pass(bare);
      auto actor = actor_rate(engine, workers, connections, seconds);
      if (!actor) return pass(actor);
      floor = std::max(floor, *bare);
      value = std::max(value, *actor);
    }
    report.add({fmt::format("(e) HTTP through an actor, {} connections", connections), value, "1/s",
                floor, value / floor, ">= 0.60 x bare server", value >= 0.6 * floor});
  }
  return {};
}

}  // namespace trellis::bench
