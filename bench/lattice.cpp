// Calls over the lattice against bare requests through the same server, and what it takes to join.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include "bench/bench.hpp"
#include "bench/fixture.hpp"
#include "bench/guests.hpp"
#include "bench/measure.hpp"
#include "bench/nats_raw.hpp"
#include "codec/message.hpp"
#include "lattice/anti_forgery.hpp"

namespace trellis::bench {
namespace {

const std::string payload_text(64, 'x');

/// Seconds of processor time of this process and of the server.
double processor_time(pid_t server) {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  double total = seconds(used.ru_utime) + seconds(used.ru_stime);
  std::ifstream stat(fmt::format("/proc/{}/stat", server));
  std::string line;
  if (server > 0 && std::getline(stat, line)) {
    // Fields 14 and 15, counted from 1; the second is a name in brackets.
    std::istringstream rest(line.substr(line.rfind(')') + 2));
    std::string word;
    for (int field = 3; field < 14; ++field) rest >> word;
    double user = 0;
    double system = 0;
    rest >> user >> system;
    total += (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
  return total;
}

struct Rate {
  double p50_us = 0;
  double per_second = 0;
  double processor_us = 0;  ///< per request, server included
};

/// `in_flight` callers that block, for some seconds.
template <class Ask>
Result<Rate> measure(int in_flight, double seconds, pid_t server, const Ask& ask) {
  std::mutex mutex;
  std::vector<double> all;
  std::atomic<bool> failed{false};
  std::vector<engine::GuestThread> threads;
  for (int i = 0; i < 50; ++i) {
    if (!ask()) return fail(ErrorCode::unavailable, "a request was not answered");
  }
  const auto processor = processor_time(server);
  const auto start = Clock::now();
  for (int i = 0; i < in_flight; ++i) {
    auto thread = engine::GuestThread::start("bench", [&] {
      std::vector<double> own;
      for (auto before = start; seconds_since(start) < seconds;) {
        if (!ask()) failed = true;
        const auto now = Clock::now();
        own.push_back(std::chrono::duration<double, std::micro>(now - before).count());
        before = now;
      }
      const std::scoped_lock lock(mutex);
      all.insert(all.end(), own.begin(), own.end());
    });
    if (!thread) return pass(thread);
    threads.push_back(std::move(*thread));
  }
  for (auto& thread : threads) thread.join();
  const auto elapsed = seconds_since(start);
  if (failed || all.empty()) return fail(ErrorCode::unavailable, "a request was not answered");
  const auto used = (processor_time(server) - processor) * 1e6;
  std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2),
                   all.end());
  const auto count = static_cast<double>(all.size());
  return Rate{all[all.size() / 2], count / elapsed, used / count};
}

HostOptions in_lattice(const std::string& url, const std::string& ns) {
  HostOptions options;
  NatsOptions nats;
  nats.servers = {url};
  options.lattice.ns = ns;
  options.lattice.rpc = nats;
  options.lattice.cache.nats = nats;
  options.lattice.cache.isolate = true;
  options.lattice.rpc_timeout = std::chrono::seconds(5);
  return options;
}

/// What signing and checking one call cost, each.
struct Crypto {
  double sign_us = 0;
  double verify_us = 0;
  std::size_t request = 0;   ///< bytes of the invocation
  std::size_t response = 0;  ///< and of its answer
};

Result<Crypto> measure_crypto(const std::string& actor) {
  SystemRandom random;
  const SystemClock clock;
  const auto key = identity::KeyPair::generate(identity::KeyType::server, random);
  const auto origin = lattice::Entity::actor("system");
  const auto target = lattice::Entity::actor(actor);
  const auto call =
      lattice::sign_call(origin, target, "Echo", as_bytes(payload_text), key, random, clock);
  if (!call) return std::unexpected(call.error());
  const std::string text = call->encoded_claims.substr(0, call->encoded_claims.rfind('.'));
  const auto signature = key.sign(as_bytes(text));
  const auto pub = key.public_key();
  Crypto made;
  made.sign_us = nanoseconds_per_call([&] { (void)key.sign(as_bytes(text)); }) / 1000;
  made.verify_us =
      nanoseconds_per_call([&] { (void)pub.verify(as_bytes(text), signature); }) / 1000;
  made.request = codec::encode(*call).size();
  made.response =
      codec::encode(lattice::InvocationResponse{to_bytes(payload_text), {}, call->id}).size();
  return made;
}

Result<void> measure_calls_over(const std::shared_ptr<EngineRuntime>& engine,
                                const Options& options, Report& report) {
  const double seconds = options.quick ? 0.5 : 3;
  const auto cores = std::max(1U, std::thread::hardware_concurrency());
  host::Core caller(in_lattice(options.nats_url, "bench"), engine);
  host::Core callee(in_lattice(options.nats_url, "bench"), engine);
  for (auto* core : {&caller, &callee}) {
    if (auto started = core->start(); !started) return started;
  }
  Signer signer;
  auto made = signer.sign(relay_guest());
  if (!made) return pass(made);
  if (auto started = callee.start_actor(made->module, {}); !started) return pass(started);
  const auto crypto = measure_crypto(made->key);
  if (!crypto) return std::unexpected(crypto.error());
  auto raw = RawRequests::start(options.nats_url, crypto->request, crypto->response, cores);
  if (!raw) return pass(raw);
  const auto ask_raw = [&] { return (*raw)->ask(); };
  const auto ask_actor = [&] {
    return caller.call_actor(made->key, "Echo", as_bytes(payload_text), std::chrono::seconds(5))
        .has_value();
  };
  for (const int in_flight : {1, 64}) {
    if (options.progress) options.progress(fmt::format("lattice, {} in flight", in_flight));
    // By turns, so that whatever else the machine does hits both.
    Rate floor;
    Rate value;
    for (int turn = 0; turn < 3; ++turn) {
      auto bare = measure(in_flight, seconds / 3, options.nats_pid, ask_raw);
      if (!bare) return pass(bare);
      auto call = measure(in_flight, seconds / 3, options.nats_pid, ask_actor);
      if (!call) return pass(call);
      if (turn == 0 || bare->per_second > floor.per_second) floor = *bare;
      if (turn == 0 || call->per_second > value.per_second) value = *call;
    }
    const auto both = crypto->sign_us + crypto->verify_us;
    if (in_flight == 1) {
      report.add({"(g) lattice call, 1 in flight, p50", value.p50_us, "us", floor.p50_us,
                  value.p50_us / floor.p50_us,
                  fmt::format("<= bare + 1.5 x (sign + verify = {:.0f} us) = {:.0f} us", both,
                              floor.p50_us + 1.5 * both),
                  value.p50_us <= floor.p50_us + 1.5 * both});
    } else {
      const auto bound = cores / ((floor.processor_us + both) * 1e-6);
      report.add({"(g) lattice calls, 64 in flight", value.per_second, "1/s", bound,
                  value.per_second / bound,
                  fmt::format(">= 0.80 x {} cores / (bare {:.0f} us + sign + verify)", cores,
                              floor.processor_us),
                  value.per_second >= 0.8 * bound});
      report.add({"(g) processor time of one call, all processes", value.processor_us, "us",
                  floor.processor_us + both, value.processor_us / (floor.processor_us + both), "",
                  std::nullopt});
      report.add({"(g) bare requests, 64 in flight", floor.per_second, "1/s", std::nullopt,
                  std::nullopt, "", std::nullopt});
    }
  }
  return {};
}

/// A host that comes when ten thousand entries are in the cache.
Result<void> measure_join(const std::shared_ptr<EngineRuntime>& engine, const Options& options,
                          Report& report) {
  if (options.progress) options.progress("joining a lattice with 10 000 cache entries");
  constexpr int links = 10'000;
  auto settings = in_lattice(options.nats_url, "bench-join");
  host::Core first(settings, engine);
  if (auto started = first.start(); !started) return started;
  SystemRandom random;
  const auto new_key = [&](identity::KeyType type) {
    return identity::KeyPair::generate(type, random).public_key().text();
  };
  const auto provider = new_key(identity::KeyType::service);
  const auto actor = new_key(identity::KeyType::module);
  for (int i = 0; i < links; ++i) {
    auto set = first.set_link(
        {actor, "wasmcloud:keyvalue", fmt::format("link{}", i), provider, {{"URL", "x"}}});
    if (!set) return set;
  }
  const auto start = Clock::now();
  host::Core late(settings, engine);
  if (auto started = late.start(); !started) return started;
  while (late.registry().link_count() < links) {
    if (seconds_since(start) > 30) return fail(ErrorCode::deadline, "the cache did not arrive");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const auto seconds = seconds_since(start);
  report.add({"(h) join of a lattice with 10 000 links in its cache", seconds * 1000, "ms",
              std::nullopt, std::nullopt, "<= 1000 ms", seconds <= 1});
  return {};
}

}  // namespace

Result<void> measure_lattice(const std::shared_ptr<EngineRuntime>& engine, const Options& options,
                             Report& report) {
  if (auto done = measure_calls_over(engine, options, report); !done) return done;
  return measure_join(engine, options, report);
}

}  // namespace trellis::bench
