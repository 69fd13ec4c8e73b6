// Calls of an actor that go on to a server, against asking that server from C++.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "bench/bench.hpp"
#include "bench/fixture.hpp"
#include "bench/guests.hpp"
#include "bench/measure.hpp"
#include "bench/usual_host.hpp"
#include "codec/message.hpp"
#include "codec/messages/eventstreams.hpp"
#include "codec/messages/keyvalue.hpp"
#include "codec/messages/messaging.hpp"
#include "nats/connect.hpp"
#include "providers/redis/links.hpp"

namespace trellis::bench {
namespace {

using std::chrono::seconds;

/// An actor linked to one provider, and the message that makes it call that.
struct Service {
  std::string provider;
  std::string contract;
  std::string operation;
  Bytes payload;
  std::map<std::string, std::string> values;
};

Bytes relayed(const Service& service) {
  Bytes bytes;
  for (const std::string_view part :
       {"default", service.contract.c_str(), service.operation.c_str()}) {
    bytes.push_back(static_cast<std::uint8_t>(part.size()));
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
  bytes.insert(bytes.end(), service.payload.begin(), service.payload.end());
  return bytes;
}

/// Both from one thread, one call after the other.
template <class Floor>
Result<void> measure_service(const std::shared_ptr<EngineRuntime>& engine, const Service& service,
                             const std::string& name, double least, const Options& options,
                             const Floor& floor, Report& report) {
  if (options.progress) options.progress(name);
  host::HostRuntime host_runtime(usual_host(), engine);
  Signer signer;
  auto made = signer.sign(relay_guest());
  if (!made) return pass(made);
  if (auto started = host_runtime.start_actor(made->module, {}); !started) return pass(started);
  auto provider = host_runtime.start_provider(service.provider, ProviderOptions{});
  if (!provider) return pass(provider);
  auto linked =
      host_runtime.set_link({made->key, service.contract, "default", *provider, service.values});
  if (!linked) return pass(linked);
  const auto request = relayed(service);
  const auto call = [&] {
    return host_runtime.call_actor(made->key, "Relay", request, seconds(10));
  };
  if (auto first = call(); !first) return pass(first);
  Pair pair;
  bool good = true;
  auto ran = on_guest_thread([&] {
    pair = measure_by_turns([&] { good = floor() && good; },
                            [&] { good = call().has_value() && good; }, options.quick ? 3 : 7);
  });
  if (!ran) return ran;
  if (!good) return fail(ErrorCode::unavailable, name + ": a call failed");
  const auto share = pair.floor / pair.value;
  report.add({"(k) " + name, 1e9 / pair.value, "1/s", 1e9 / pair.floor, share,
              least > 0 ? fmt::format(">= {:.2f} x the same from C++", least) : "",
              least > 0 ? std::optional(share >= least) : std::nullopt});
  return {};
}

}  // namespace

Result<void> measure_redis_services(const std::shared_ptr<EngineRuntime>& engine,
                                    const Options& options, Report& report) {
  if (options.redis_url.empty()) return {};
  const std::map<std::string, std::string> values = {{"URL", options.redis_url}};
  auto settings = providers::redis::read_settings({values.begin(), values.end()});
  if (!settings) return pass(settings);
  providers::redis::Pool pool(*settings);
  const auto ask = [&](const providers::redis::Command& command) {
    return pool.ask(command, std::chrono::steady_clock::now() + seconds(10)).has_value();
  };
  auto done = measure_service(
      engine,
      {"builtin:keyvalue-redis", "wasmcloud:keyvalue", "Get",
       codec::encode(codec::keyvalue::GetArgs{"k"}), values},
      "actor to key-value over Redis, Get", 0.8, options, [&] { return ask({"GET", "k"}); },
      report);
  if (!done) return done;
  auto bounded = values;
  bounded["MAX_LENGTH"] = "100";
  return measure_service(
      engine,
      {"builtin:eventstreams-redis", "wasmcloud:eventstreams", "WriteEvent",
       codec::encode(codec::eventstreams::WriteEventArgs{"s", {{"n", "1"}}}), bounded},
      "actor to event streams over Redis, WriteEvent", 0, options,
      [&] { return ask({"XADD", "floor", "MAXLEN", "~", "100", "*", "n", "1"}); }, report);
}

Result<void> measure_messaging(const std::shared_ptr<EngineRuntime>& engine, const Options& options,
                               Report& report) {
  NatsOptions nats;
  nats.servers = {options.nats_url};
  const Log silent;
  auto answering = nats::connect_nats(nats, silent);
  if (!answering) return pass(answering);
  auto asking = nats::connect_nats(nats, silent);
  if (!asking) return pass(asking);
  const auto echo =
      (*answering)
          ->subscribe("bench.service", "",
                      [&](const nats::Message& message) {
                        static_cast<void>((*answering)->publish(message.reply, message.payload));
                      },
                      {.direct = true});
  if (!echo) return pass(echo);
  const auto until = [] { return std::chrono::steady_clock::now() + seconds(10); };
  if (auto known = (*answering)->flush(until()); !known) return known;
  const Bytes body(64, 'x');
  return measure_service(
      engine,
      {"builtin:messaging-nats",
       "wasmcloud:messaging",
       "Request",
       codec::encode(codec::messaging::RequestArgs{"bench.service", body, 5000}),
       {{"URL", options.nats_url}}},
      "actor to messaging over NATS, Request", 0, options,
      [&] { return nats::request_and_wait(**asking, "bench.service", body, until()).has_value(); },
      report);
}

}  // namespace trellis::bench
