// What calls that arrive from the lattice cost their host.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/bench.hpp"
#include "bench/fixture.hpp"
#include "bench/guests.hpp"
#include "bench/measure.hpp"
#include "bench/outside.hpp"
#include "bench/usual_host.hpp"
#include "codec/message.hpp"
#include "lattice/anti_forgery.hpp"

namespace trellis::bench {
namespace {

constexpr auto arriving_ns = "bench-arriving";

struct Case {
  std::string name;
  std::size_t actors = 1;
  std::size_t payload = 0;
};

HostOptions arriving_options(const std::string& url) {
  HostOptions options = usual_host();
  NatsOptions nats;
  nats.servers = {url};
  options.lattice.ns = arriving_ns;
  options.lattice.rpc = nats;
  options.lattice.rpc_timeout = std::chrono::seconds(5);
  return options;
}

/// Microseconds of one thread that does what cannot be left out: reads, verifies, enters the actor,
/// writes; for each of the actors in turn, since one that was not called just now is not in the
/// processor's caches.
Result<double> least_us(host::HostRuntime& host_runtime, const std::vector<std::string>& actors,
                        std::size_t payload) {
  SystemRandom random;
  const SystemClock clock;
  const auto key = identity::KeyPair::generate(identity::KeyType::server, random);
  const auto target = lattice::Entity::actor(actors.front());
  const auto call = lattice::sign_call(lattice::Entity::actor("system"), target, "Echo",
                                       Bytes(payload, 'x'), key, random, clock);
  if (!call) return pass(call);
  const auto bytes = codec::encode(*call);
  lattice::VerifierOptions options;
  options.replay_window = std::chrono::seconds(0);
  const lattice::CallVerifier verifier(options, std::make_shared<SystemClock>(), random);
  bool good = true;
  double least = 0;
  std::size_t turn = 0;
  auto ran = on_guest_thread([&] {
    least = nanoseconds_per_call([&] {
      const auto read = codec::decode<lattice::Invocation>(bytes);
      good = good && read && verifier.verify(*read, target);
      auto answer = host_runtime.call_actor(actors[turn++ % actors.size()], "Echo", read->msg,
                                            std::chrono::seconds(5));
      good = good && answer;
      good = good &&
             !codec::encode(lattice::InvocationResponse{std::move(*answer), {}, read->id}).empty();
    });
  });
  if (!ran) return pass(ran);
  if (!good) return fail(ErrorCode::internal, "the floor of arriving calls fails");
  return least / 1000;
}

Result<void> measure_case(host::HostRuntime& host_runtime, const std::vector<std::string>& keys,
                          const Case& what, const Options& options, Report& report) {
  const int turns = options.quick ? 2 : 5;
  if (options.progress) options.progress("calls that arrive: " + what.name);
  OutsideCalls calls;
  calls.nats_url = options.nats_url;
  calls.ns = arriving_ns;
  calls.actors.assign(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(what.actors));
  calls.payload = what.payload;
  calls.seconds = options.quick ? 0.3 : 0.8;
  std::vector<double> floors;
  std::vector<double> processor;
  std::vector<double> rates;
  for (int turn = 0; turn < turns; ++turn) {
    const auto least = least_us(host_runtime, calls.actors, what.payload);
    if (!least) return pass(least);
    const auto found = measure_from_outside(calls);
    if (!found) return pass(found);
    floors.push_back(*least);
    processor.push_back(found->processor_us);
    rates.push_back(found->per_second);
  }
  const auto floor = median(floors);
  const auto value = median(processor);
  report.add({fmt::format("(g) arriving call, {}: processor time of its host", what.name), value,
              "us", floor, value / floor, "<= 1.5 x (read, verify, call, write)",
              value <= 1.5 * floor});
  report.add({fmt::format("(g) arriving calls, {}", what.name), median(rates), "1/s", std::nullopt,
              std::nullopt, "", std::nullopt});
  return {};
}

}  // namespace

Result<void> measure_arriving(const std::shared_ptr<EngineRuntime>& engine, const Options& options,
                              Report& report) {
  constexpr std::size_t max_actors = 100;
  host::HostRuntime host_runtime(arriving_options(options.nats_url), engine);
  if (auto started = host_runtime.start(); !started) return started;
  Signer signer;
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < max_actors; ++i) {
    auto made = signer.sign(relay_guest());
    if (!made) return pass(made);
    if (auto started = host_runtime.start_actor(made->module, {}); !started) return pass(started);
    keys.push_back(made->key);
  }
  for (const auto& what : {Case{"16 callers outside", 1, 0}, Case{"10 actors", 10, 0},
                           Case{"100 actors", 100, 0}, Case{"100 KB bodies", 1, 100'000}}) {
    if (auto done = measure_case(host_runtime, keys, what, options, report); !done) return done;
  }
  return {};
}

}  // namespace trellis::bench
