// What a call costs at each layer, against the layer below it.
#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "bench/bench.hpp"
#include "bench/direct_keyvalue.hpp"
#include "bench/fixture.hpp"
#include "bench/guests.hpp"
#include "bench/measure.hpp"
#include "bench/usual_host.hpp"
#include "codec/message.hpp"
#include "codec/messages/core.hpp"
#include "codec/messages/keyvalue.hpp"
#include "host/call/router.hpp"
#include "wapc/guest.hpp"

namespace trellis::bench {
namespace {

const std::string call_payload_text(64, 'x');

Bytes relay_payload(std::string_view ns, std::string_view operation, ByteView payload) {
  Bytes bytes;
  for (const auto part : {std::string_view("default"), ns, operation}) {
    bytes.push_back(static_cast<std::uint8_t>(part.size()));
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

SteadyTime in_time() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(10);
}

/// The floor of a provider or actor call: canned bytes, or whatever the function does directly.
struct DirectCalls final : wapc::HostCalls {
  std::function<Result<Bytes>(ByteView)> answer;
  Result<Bytes> host_call(std::string_view, std::string_view, std::string_view,
                          ByteView payload) override {
    return answer ? answer(payload) : Result<Bytes>(Bytes{});
  }
  void console_log(std::string_view) noexcept override {}
};

struct Bench {
  Report& report;
  double scale = 1;
  std::shared_ptr<EngineRuntime> engine;
  host::HostRuntime host_runtime;
  Signer signer;
  Signer::Signed first;
  Signer::Signed second;
  std::unique_ptr<wapc::Guest> bare;
  std::unique_ptr<wapc::Guest> bare_second;
  DirectCalls nothing;
  const Bytes payload = to_bytes(call_payload_text);

  Bench(Report& to, double time_scale, const std::shared_ptr<EngineRuntime>& runtime)
      : report(to), scale(time_scale), engine(runtime), host_runtime(usual_host(), runtime) {}

  Result<Bytes> routed() {
    static const host::EntityRef origin{"V", "wasmcloud:httpserver", "default"};
    return host_runtime.router().from_provider(origin, nullptr, first.key, "Echo", payload,
                                               in_time());
  }
  Pair pair(const std::function<void()>& floor, const std::function<void()>& value) {
    return measure_by_turns(floor, value, 7, 0.12 * scale);
  }
};

void add_ratio(Bench& bench, const std::string& name, const Pair& pair, double factor,
               double plus_ns) {
  Figure figure{name, pair.value, "ns", pair.floor, pair.value / pair.floor, "", {}};
  figure.target = plus_ns > 0 ? fmt::format("<= {:.1f} x floor + {:.1f} us", factor, plus_ns / 1000)
                              : fmt::format("<= {:.1f} x floor", factor);
  figure.reached = pair.value <= factor * pair.floor + plus_ns;
  bench.report.add(std::move(figure));
}

Result<void> prepare(Bench& bench) {
  for (auto* actor : {&bench.first, &bench.second}) {
    auto made = bench.signer.sign(relay_guest());
    if (!made) return pass(made);
    *actor = std::move(*made);
    if (auto started = bench.host_runtime.start_actor(actor->module, {}); !started)
      return pass(started);
  }
  auto provider = bench.host_runtime.start_provider("builtin:keyvalue", ProviderOptions{});
  if (!provider) return pass(provider);
  auto link = bench.host_runtime.set_link(
      {bench.first.key, "wasmcloud:keyvalue", "default", *provider, {}});
  if (!link) return link;
  if (!bench.host_runtime.binder().settle(in_time())) {
    return fail(ErrorCode::deadline, "the key-value link was not made");
  }
  return {};
}

Result<void> make_bare_guests(Bench& bench) {
  auto module = wapc::GuestModule::compile(*bench.engine, relay_guest());
  if (!module) return pass(module);
  for (auto* guest : {&bench.bare, &bench.bare_second}) {
    auto made = (*module)->instantiate(bench.nothing);
    if (!made) return pass(made);
    *guest = std::move(*made);
  }
  return {};
}

void engine_and_router(Bench& bench, std::size_t known) {
  const auto pair =
      bench.pair([&] { (void)bench.bare->call("Echo", bench.payload, bench.nothing, in_time()); },
                 [&] { (void)bench.routed(); });
  if (known == 1) {
    bench.report.add({"(a) engine call, echo 64 B", pair.floor, "ns", {}, {}, "", {}});
  }
  add_ratio(bench, fmt::format("(b) through the router, {} known actors", known), pair, 1.5, 300);
}

Result<void> know_more_actors(Bench& bench, std::size_t total) {
  ActorOptions idle;
  idle.min_instances = 0;  // known and ready, but without an instance until somebody calls
  while (bench.host_runtime.registry().tables().read()->actors.size() < total) {
    auto made = bench.signer.sign(relay_guest());
    if (!made) return pass(made);
    if (auto started = bench.host_runtime.start_actor(made->module, idle); !started)
      return pass(started);
  }
  return {};
}

void to_provider(Bench& bench) {
  DirectKeyValue direct;
  codec::core::CapabilityConfiguration bind;
  bind.module = bench.first.key;
  direct.call("system", "BindActor", codec::encode(bind));
  const auto get = codec::encode(codec::keyvalue::GetArgs{"k"});
  const auto request = relay_payload("wasmcloud:keyvalue", "Get", get);
  DirectCalls calls;
  calls.answer = [&](ByteView payload) -> Result<Bytes> {
    return direct.call(bench.first.key, "Get", payload);
  };
  static const host::EntityRef origin{"V", "wasmcloud:httpserver", "default"};
  const auto pair = bench.pair([&] { (void)bench.bare->call("Relay", request, calls, in_time()); },
                               [&] {
                                 (void)bench.host_runtime.router().from_provider(
                                     origin, nullptr, bench.first.key, "Relay", request, in_time());
                               });
  add_ratio(bench, "(c) actor to key-value and back", pair, 1.5, 0);
}

void to_actor(Bench& bench) {
  const auto request = relay_payload(bench.second.key, "Echo", bench.payload);
  DirectCalls calls;
  calls.answer = [&](ByteView payload) {
    return bench.bare_second->call("Echo", payload, bench.nothing, in_time());
  };
  static const host::EntityRef origin{"V", "wasmcloud:httpserver", "default"};
  const auto pair = bench.pair([&] { (void)bench.bare->call("Relay", request, calls, in_time()); },
                               [&] {
                                 (void)bench.host_runtime.router().from_provider(
                                     origin, nullptr, bench.first.key, "Relay", request, in_time());
                               });
  add_ratio(bench, "(d) actor to actor and back", pair, 1.5, 0);
}

/// Calls per second of threads that run `one` at the same time, each with its number.
Result<double> rate_of(int threads, const std::function<void(int)>& one, double seconds) {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> done{0};
  std::vector<GuestThread> running;
  const auto end = [&] {
    stop = true;
    for (auto& thread : running) thread.join();
  };
  const auto start = Clock::now();
  for (int index = 0; index < threads; ++index) {
    auto thread = GuestThread::start("bench", [&, index] {
      std::uint64_t count = 0;
      for (; !stop.load(std::memory_order_relaxed); ++count) one(index);
      done += count;
    });
    if (!thread) {
      end();
      return pass(thread);
    }
    running.push_back(std::move(*thread));
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  end();
  return static_cast<double>(done.load()) / seconds_since(start);
}

/// What a second thread adds, to the router and to bare engine loops.
Result<void> both_cores(Bench& bench) {
  wapc::Guest* guests[] = {bench.bare.get(), bench.bare_second.get()};
  const auto bare = [&](int i) {
    (void)guests[i]->call("Echo", bench.payload, bench.nothing, in_time());
  };
  const auto routed = [&](int) { (void)bench.routed(); };
  const auto gain = [&](const std::function<void(int)>& one) -> Result<double> {
    const auto alone = rate_of(1, one, 0.25 * bench.scale);
    if (!alone) return alone;
    const auto both = rate_of(2, one, 0.25 * bench.scale);
    if (!both) return both;
    return *both / *alone;
  };
  std::vector<double> floors;
  std::vector<double> values;
  for (int turn = 0; turn < 7; ++turn) {
    const auto floor = gain(bare);
    if (!floor) return pass(floor);
    const auto value = gain(routed);
    if (!value) return pass(value);
    floors.push_back(*floor);
    values.push_back(*value);
  }
  const auto floor = median(floors);
  const auto value = median(values);
  bench.report.add({"two threads through the router, over one", value, "x", floor, value / floor,
                    ">= 0.97 x what two bare engine loops gain", value >= 0.97 * floor});
  return {};
}

}  // namespace

Result<void> measure_calls(const std::shared_ptr<EngineRuntime>& engine, const Options& options,
                           Report& report) {
  Bench bench(report, options.quick ? 0.1 : 1.0, engine);
  Result<void> result;
  const auto step = [&](const std::string& what) {
    if (options.progress) options.progress(what);
  };
  const auto run = [&](const std::function<Result<void>()>& body) {
    if (!result) return;
    if (auto ran = on_guest_thread([&] { result = body(); }); !ran) result = pass(ran);
  };
  if (auto prepared = prepare(bench); !prepared) return prepared;
  run([&] { return make_bare_guests(bench); });
  for (const std::size_t known : {1, 50, 10000}) {
    step(fmt::format("calls through the router, {} known actors", known));
    if (known > 1 && result) result = know_more_actors(bench, known);
    run([&] {
      engine_and_router(bench, known);
      return Result<void>{};
    });
  }
  step("actor to provider, actor to actor");
  run([&] {
    to_provider(bench);
    to_actor(bench);
    return Result<void>{};
  });
  step("two threads");
  if (result) result = both_cores(bench);
  run([&] {  // instances go on a thread that may enter them
    bench.bare.reset();
    bench.bare_second.reset();
    return Result<void>{};
  });
  return result;
}

}  // namespace trellis::bench
