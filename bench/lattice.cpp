// Calls over the lattice against bare requests through the same server, and what it takes to join.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "bench/bench.hpp"
#include "bench/fixture.hpp"
#include "bench/guests.hpp"
#include "bench/machine_use.hpp"
#include "bench/measure.hpp"
#include "bench/nats_raw.hpp"
#include "bench/usual_host.hpp"
#include "codec/message.hpp"
#include "lattice/anti_forgery.hpp"

namespace trellis::bench {
namespace {

const std::string lattice_payload_text(64, 'x');

/// Seconds of processor time of this process and of the server.
double processor_time(pid_t server) {
  return own_processor_seconds() + processor_seconds(server);
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
  std::vector<GuestThread> threads;
  for (int i = 0; i < 50; ++i) {
    if (!ask()) return fail(ErrorCode::unavailable, "a request was not answered");
  }
  const auto processor = processor_time(server);
  const auto start = Clock::now();
  for (int i = 0; i < in_flight; ++i) {
    auto thread = GuestThread::start("bench", [&] {
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
  HostOptions options = usual_host();
  NatsOptions nats;
  nats.servers = {url};
  options.lattice.ns = ns;
  options.lattice.rpc = nats;
  options.lattice.cache.nats = nats;
  options.lattice.cache.isolate = true;
  options.lattice.rpc_timeout = std::chrono::seconds(5);
  return options;
}

/// Signing and checking of one call as it is at its barest, and how long the messages are.
class Crypto {
 public:
  static Result<std::unique_ptr<Crypto>> make(const std::string& actor) {
    auto made = std::make_unique<Crypto>();
    const SystemClock clock;
    auto call =
        lattice::sign_call(lattice::Entity::actor("system"), lattice::Entity::actor(actor), "Echo",
                           as_bytes(lattice_payload_text), made->key_, made->random_, clock);
    if (!call) return pass(call);
    made->text_ = call->encoded_claims.substr(0, call->encoded_claims.rfind('.'));
    made->signature_ = made->key_.sign(as_bytes(made->text_));
    made->request = codec::encode(*call).size();
    made->response =
        codec::encode(lattice::InvocationResponse{to_bytes(lattice_payload_text), {}, call->id})
            .size();
    made->sign_us = nanoseconds_per_call([&] { made->sign(); }) / 1000;
    made->verify_us = nanoseconds_per_call([&] { made->verify(); }) / 1000;
    return made;
  }
  void sign() const { (void)key_.sign(as_bytes(text_)); }
  void verify() const { (void)key_.public_key().verify(as_bytes(text_), signature_); }
  [[nodiscard]] double both_us() const { return sign_us + verify_us; }

  double sign_us = 0;
  double verify_us = 0;
  std::size_t request = 0;
  std::size_t response = 0;

 private:
  SystemRandom random_;
  const identity::KeyPair key_ = identity::KeyPair::generate(identity::KeyType::server, random_);
  std::string text_;
  decltype(key_.sign({})) signature_;
};

/// Medians of several turns of each, so that whatever else the machine does hits all.
struct Contest {
  Rate bare;         ///< requests without any work
  Rate with_crypto;  ///< requests with signing and checking in the same places
  Rate lattice;
};

/// Each figure by itself.
Rate median_of(const std::vector<Rate>& rates) {
  const auto middle = [&](double Rate::* figure) {
    std::vector<double> values;
    for (const auto& rate : rates) values.push_back(rate.*figure);
    return median(values);
  };
  return {middle(&Rate::p50_us), middle(&Rate::per_second), middle(&Rate::processor_us)};
}

template <class Bare, class Crypted, class Call>
Result<Contest> contest(int in_flight, const Options& options, const Bare& bare,
                        const Crypted& with_crypto, const Call& call) {
  const int turns = options.quick ? 3 : 11;
  constexpr double seconds = 0.3;
  if (options.progress) options.progress(fmt::format("lattice, {} in flight", in_flight));
  std::vector<Rate> bares;
  std::vector<Rate> crypted;
  std::vector<Rate> calls;
  for (int turn = 0; turn < turns; ++turn) {
    const auto first = measure(in_flight, seconds, options.nats_pid, bare);
    if (!first) return pass(first);
    const auto second = measure(in_flight, seconds, options.nats_pid, with_crypto);
    if (!second) return pass(second);
    const auto third = measure(in_flight, seconds, options.nats_pid, call);
    if (!third) return pass(third);
    bares.push_back(*first);
    crypted.push_back(*second);
    calls.push_back(*third);
  }
  return Contest{median_of(bares), median_of(crypted), median_of(calls)};
}

void report_latency(const Contest& found, const Crypto& crypto, Report& report) {
  const auto aim = found.bare.p50_us + 1.5 * crypto.both_us();
  report.add({"(g) lattice call, 1 in flight, p50", found.lattice.p50_us, "us", found.bare.p50_us,
              found.lattice.p50_us / found.bare.p50_us,
              fmt::format("<= bare + 1.5 x (sign + verify = {:.0f} us) = {:.0f} us",
                          crypto.both_us(), aim),
              found.lattice.p50_us <= aim});
  report.add({"(g) 1 in flight, against requests that sign and verify", found.lattice.p50_us, "us",
              found.with_crypto.p50_us, found.lattice.p50_us / found.with_crypto.p50_us, "<= 1.05",
              found.lattice.p50_us <= 1.05 * found.with_crypto.p50_us});
}

void report_throughput(const Contest& found, const Crypto& crypto, Report& report) {
  const auto cores = std::max(1U, std::thread::hardware_concurrency());
  const auto least = found.bare.processor_us + crypto.both_us();
  const auto bound = cores / (least * 1e-6);
  report.add({"(g) lattice calls, 64 in flight", found.lattice.per_second, "1/s", bound,
              found.lattice.per_second / bound,
              fmt::format(">= 0.80 x {} cores / (bare {:.0f} us + sign + verify)", cores,
                          found.bare.processor_us),
              found.lattice.per_second >= 0.8 * bound});
  report.add({"(g) 64 in flight, against requests that sign and verify", found.lattice.per_second,
              "1/s", found.with_crypto.per_second,
              found.lattice.per_second / found.with_crypto.per_second, ">= 1.10",
              found.lattice.per_second >= 1.1 * found.with_crypto.per_second});
  report.add({"(g) processor time of one call, all processes", found.lattice.processor_us, "us",
              found.with_crypto.processor_us,
              found.lattice.processor_us / found.with_crypto.processor_us, "<= 1.0",
              found.lattice.processor_us <= found.with_crypto.processor_us});
}

void report_two(const Contest& found, const Crypto&, Report& report) {
  report.add({"(g) two lattice calls at one time",
              found.lattice.per_second,
              "1/s",
              found.with_crypto.per_second,
              found.lattice.per_second / found.with_crypto.per_second,
              "",
              {}});
}

Result<void> measure_calls_over(const std::shared_ptr<EngineRuntime>& engine,
                                const Options& options, Report& report) {
  host::HostRuntime caller(in_lattice(options.nats_url, "bench"), engine);
  host::HostRuntime callee(in_lattice(options.nats_url, "bench"), engine);
  for (auto* host_runtime : {&caller, &callee}) {
    if (auto started = host_runtime->start(); !started) return started;
  }
  Signer signer;
  auto made = signer.sign(relay_guest());
  if (!made) return pass(made);
  if (auto started = callee.start_actor(made->module, {}); !started) return pass(started);
  const auto crypto = Crypto::make(made->key);
  if (!crypto) return pass(crypto);
  RawRequests::Shape shape{.request = (*crypto)->request,
                           .response = (*crypto)->response,
                           .workers = std::max(1U, std::thread::hardware_concurrency()),
                           .asking = {},
                           .serving = {}};
  const auto bare = RawRequests::start(options.nats_url, "bare", shape);
  if (!bare) return pass(bare);
  shape.asking = [&] { (*crypto)->sign(); };
  shape.serving = [&] { (*crypto)->verify(); };
  const auto crypted = RawRequests::start(options.nats_url, "crypto", shape);
  if (!crypted) return pass(crypted);
  for (const int in_flight : {1, 2, 64}) {
    const auto found = contest(
        in_flight, options, [&] { return (*bare)->ask(); }, [&] { return (*crypted)->ask(); },
        [&] {
          return caller
              .call_actor(made->key, "Echo", as_bytes(lattice_payload_text),
                          std::chrono::seconds(5))
              .has_value();
        });
    if (!found) return pass(found);
    const auto tell = in_flight == 1   ? report_latency
                      : in_flight == 2 ? report_two
                                       : report_throughput;
    tell(*found, **crypto, report);
  }
  return {};
}

/// A host that comes when so many links are in the cache.
Result<void> measure_join(const std::shared_ptr<EngineRuntime>& engine, const Options& options,
                          std::size_t links, double max_seconds, Report& report) {
  if (options.progress) options.progress(fmt::format("joining a lattice with {} links", links));
  auto settings = in_lattice(options.nats_url, fmt::format("bench-join-{}", links));
  host::HostRuntime first(settings, engine);
  if (auto started = first.start(); !started) return started;
  SystemRandom random;
  const auto new_key = [&](identity::KeyType type) {
    return identity::KeyPair::generate(type, random).public_key().text();
  };
  const auto provider = new_key(identity::KeyType::service);
  const auto actor = new_key(identity::KeyType::module);
  for (std::size_t i = 0; i < links; ++i) {
    auto set = first.set_link(
        {actor, "wasmcloud:keyvalue", fmt::format("link{}", i), provider, {{"URL", "x"}}});
    if (!set) return set;
  }
  const auto before = resident_mb();
  const auto start = Clock::now();
  host::HostRuntime late(settings, engine);
  if (auto started = late.start(); !started) return started;
  while (late.registry().link_count() < links) {
    if (seconds_since(start) > 60) return fail(ErrorCode::deadline, "the cache did not arrive");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const auto seconds = seconds_since(start);
  report.add({fmt::format("(h) join of a lattice with {} links in its cache", links),
              seconds * 1000, "ms", std::nullopt, std::nullopt,
              fmt::format("<= {} ms", max_seconds * 1000), seconds <= max_seconds});
  report.add({fmt::format("(h) memory of it, {} links", links), resident_mb() - before, "MB",
              std::nullopt, std::nullopt, "", std::nullopt});
  return {};
}

/// A hundred actors on each of three hosts, a thousand links, and a host that comes later.
Result<void> measure_scale(const std::shared_ptr<EngineRuntime>& engine, const Options& options,
                           Report& report) {
  if (options.progress) options.progress("100 actors on 3 hosts with 1 000 links");
  constexpr int actors = 100;
  constexpr int links_each = 10;
  const auto settings = in_lattice(options.nats_url, "bench-scale");
  const auto before = resident_mb();
  Signer signer;
  std::vector<Signer::Signed> modules;
  for (int i = 0; i < actors; ++i) {
    auto made = signer.sign(relay_guest());
    if (!made) return pass(made);
    modules.push_back(std::move(*made));
  }
  std::vector<std::unique_ptr<host::HostRuntime>> hosts;
  for (int h = 0; h < 3; ++h) {
    hosts.push_back(std::make_unique<host::HostRuntime>(settings, engine));
    if (auto started = hosts.back()->start(); !started) return started;
    for (const auto& module : modules) {
      if (auto done = hosts.back()->start_actor(module.module, {}); !done) return pass(done);
    }
  }
  SystemRandom random;
  const auto provider =
      identity::KeyPair::generate(identity::KeyType::service, random).public_key().text();
  for (const auto& module : modules) {
    for (int i = 0; i < links_each; ++i) {
      auto set = hosts.front()->set_link(
          {module.key, "wasmcloud:keyvalue", fmt::format("link{}", i), provider, {{"URL", "x"}}});
      if (!set) return set;
    }
  }
  constexpr std::size_t all = actors * links_each;
  const auto known = [&](host::HostRuntime& host_runtime) {
    return host_runtime.registry().link_count() >= all &&
           host_runtime.registry().known_claims().size() >= actors;
  };
  const auto start = Clock::now();
  host::HostRuntime late(settings, engine);
  if (auto started = late.start(); !started) return started;
  while (!known(late)) {
    if (seconds_since(start) > 30) return fail(ErrorCode::deadline, "the cache did not arrive");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const auto seconds = seconds_since(start);
  report.add({"(i) 100 actors on 3 hosts, 1 000 links: join of a fourth", seconds * 1000, "ms",
              std::nullopt, std::nullopt, "", std::nullopt});
  report.add({"(i) its cache", static_cast<double>(late.plane().info().cache_entries), "keys",
              std::nullopt, std::nullopt, "", std::nullopt});
  report.add({"(i) memory of the four hosts and 300 instances", resident_mb() - before, "MB",
              std::nullopt, std::nullopt, "", std::nullopt});
  return {};
}

}  // namespace

Result<void> measure_lattice(const std::shared_ptr<EngineRuntime>& engine, const Options& options,
                             Report& report) {
  if (auto done = measure_calls_over(engine, options, report); !done) return done;
  return measure_arriving(engine, options, report);
}

Result<void> measure_joining(const std::shared_ptr<EngineRuntime>& engine, const Options& options,
                             Report& report) {
  if (auto done = measure_join(engine, options, 10'000, 1, report); !done) return done;
  if (!options.quick) {
    if (auto done = measure_join(engine, options, 99'000, 5, report); !done) return done;
  }
  return measure_scale(engine, options, report);
}

}  // namespace trellis::bench
