#include "bench/http_load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "bench/measure.hpp"
#include "bench/usual_host.hpp"
#include "providers/httpserver/server.hpp"

namespace trellis::bench {
namespace {

namespace http = providers::httpserver;

/// The kind of threads a host gives the server.
class GuestThreads final : public providers::ThreadSource {
 public:
  Result<std::unique_ptr<providers::PoolThread>> start(std::string_view name,
                                                       std::function<void()> body,
                                                       BlockingHooks& hooks) override {
    auto thread = GuestThread::start(name, [body = std::move(body), &hooks] {
      const ThreadBlockingHooks announced(&hooks);
      body();
    });
    if (!thread) return pass(thread);
    return std::make_unique<Running>(std::move(*thread));
  }

 private:
  struct Running final : providers::PoolThread {
    explicit Running(GuestThread running) : thread(std::move(running)) {}
    GuestThread thread;
  };
};

/// Requests per second as `wrk` counts them; nothing when it cannot be run.
std::optional<double> wrk(const std::string& url, const HttpLoad& load) {
  const auto command = fmt::format("wrk -t1 -c{} -d{}s {}/x 2>/dev/null", load.connections,
                                   std::max(1, static_cast<int>(load.seconds)), url);
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

/// Where the provider says it listens.
Result<std::string> address_of(host::HostRuntime& host_runtime, const std::string& provider) {
  host_runtime.health().run_round();
  std::string health;  // "listening on http://127.0.0.1:..."
  for (const auto& info : host_runtime.providers()) {
    if (info.key == provider) health = info.health.reason;
  }
  const auto at = health.find("http://");
  if (at == std::string::npos) return fail(ErrorCode::unavailable, "no address: " + health);
  return health.substr(at, health.find_first_of(" ,", at) - at);
}

Result<std::string> start_and_link(host::HostRuntime& host_runtime, const std::string& actor,
                                   const ExtraLink& link) {
  auto provider = host_runtime.start_provider(link.provider, ProviderOptions{});
  if (!provider) return provider;
  auto linked = host_runtime.set_link({actor, link.contract, "default", *provider, link.values});
  if (!linked) return pass(linked);
  return provider;
}

}  // namespace

Result<Rates> rates_by_turns(int turns, const std::function<Result<double>()>& floor,
                             const std::function<Result<double>()>& value) {
  std::vector<double> floors;
  std::vector<double> values;
  for (int turn = 0; turn < turns; ++turn) {
    const auto bare = floor();
    if (!bare) return pass(bare);
    const auto found = value();
    if (!found) return pass(found);
    floors.push_back(*bare);
    values.push_back(*found);
  }
  return Rates{median(floors), median(values)};
}

Result<double> handler_rate(std::shared_ptr<http::RequestHandler> handler, const HttpLoad& load) {
  GuestThreads threads;
  http::Server server(threads, Log(), {load.workers, 8});
  auto options =
      http::read_options({{"BIND", "127.0.0.1:0"}, {"WORKERS", std::to_string(load.workers)}});
  if (!options) return pass(options);
  auto served = server.put("bench", options->options, std::move(handler));
  if (!served) return pass(served);
  const auto rate = wrk(server.urls().at(0), load);
  server.remove("bench");
  server.stop(std::chrono::steady_clock::now() + std::chrono::seconds(5));
  if (!rate) return fail(ErrorCode::unavailable, "wrk could not be run", "install the package wrk");
  return *rate;
}

Result<double> actor_rate(const std::shared_ptr<EngineRuntime>& engine, ByteView guest,
                          const std::vector<ExtraLink>& extra, const HttpLoad& load) {
  host::HostRuntime host_runtime(usual_host(), engine);
  Signer signer;
  auto made = signer.sign(guest);
  if (!made) return pass(made);
  if (auto started = host_runtime.start_actor(made->module, {}); !started) return pass(started);
  for (const auto& link : extra) {
    if (auto linked = start_and_link(host_runtime, made->key, link); !linked) return pass(linked);
  }
  auto provider =
      start_and_link(host_runtime, made->key,
                     {"builtin:httpserver",
                      "wasmcloud:httpserver",
                      {{"BIND", "127.0.0.1:0"}, {"WORKERS", std::to_string(load.workers)}}});
  if (!provider) return pass(provider);
  if (!host_runtime.binder().settle(std::chrono::steady_clock::now() + std::chrono::seconds(5))) {
    return fail(ErrorCode::deadline, "the links were not made");
  }
  auto address = address_of(host_runtime, *provider);
  if (!address) return pass(address);
  const auto rate = wrk(*address, load);
  host_runtime.stop();
  if (!rate) return fail(ErrorCode::unavailable, "wrk saw errors");
  return *rate;
}

}  // namespace trellis::bench
