// From file to first answer, and what instances and an idle host weigh.
#include <fmt/format.h>

#include <vector>

#include "bench/bench.hpp"
#include "bench/fixture.hpp"
#include "bench/guests.hpp"
#include "bench/machine_use.hpp"
#include "bench/measure.hpp"
#include "bench/usual_host.hpp"
#include "wapc/guest.hpp"

namespace trellis::bench {
namespace {

struct Silent final : wapc::HostCalls {
  Result<Bytes> host_call(std::string_view, std::string_view, std::string_view, ByteView) override {
    return Bytes{};
  }
  void console_log(std::string_view) noexcept override {}
};

/// Milliseconds to compile a module and make an instance, with nothing around.
Result<double> compile_alone(EngineRuntime& engine, ByteView module) {
  Silent silent;
  const auto start = Clock::now();
  auto compiled = wapc::GuestModule::compile(engine, module);
  if (!compiled) return pass(compiled);
  Result<double> took = 0.0;
  auto ran = on_guest_thread([&] {
    auto guest = (*compiled)->instantiate(silent);
    took = seconds_since(start) * 1e3;
    if (!guest) took = pass(guest);
  });
  if (!ran) return pass(ran);
  return took;
}

/// Milliseconds from a module's bytes to the first answer of its actor.
Result<double> start_and_call(const std::shared_ptr<EngineRuntime>& engine, ByteView module) {
  host::HostRuntime host_runtime(usual_host(), engine);
  const auto start = Clock::now();
  auto key = host_runtime.start_actor(module, {});
  if (!key) return pass(key);
  auto answer = host_runtime.call_actor(*key, "Echo", as_bytes("x"), {});
  const auto took = seconds_since(start) * 1e3;
  if (!answer) return pass(answer);
  host_runtime.stop();
  return took;
}

/// By turns, each time with a module of its own: the engine keeps what it compiled once.
Result<void> first_answer(const std::shared_ptr<EngineRuntime>& engine, const Options& options,
                          Report& report) {
  Signer signer;
  Variants variants;
  std::vector<double> floors;
  std::vector<double> values;
  std::size_t bytes = 0;
  for (int turn = 0; turn < (options.quick ? 3 : 15); ++turn) {
    const auto alone = signer.sign(variants.next());
    const auto whole = signer.sign(variants.next());
    if (!alone || !whole) return std::unexpected((alone ? whole : alone).error());
    bytes = whole->module.size();
    const auto floor = compile_alone(*engine, alone->module);
    if (!floor) return pass(floor);
    const auto value = start_and_call(engine, whole->module);
    if (!value) return pass(value);
    floors.push_back(*floor);
    values.push_back(*value);
  }
  const auto floor = median(floors);
  const auto value = median(values);
  report.add({fmt::format("(f) module to first answer, {} KB", bytes / 1000), value, "ms", floor,
              value / floor, "<= 1.3 x compile + instantiate", value <= 1.3 * floor});
  return {};
}

Result<void> instances(const std::shared_ptr<EngineRuntime>& engine, const Options& options,
                       Report& report) {
  auto module = wapc::GuestModule::compile(*engine, large_guest());
  if (!module) return pass(module);
  Result<void> result;
  auto ran = on_guest_thread([&] {
    Silent silent;
    std::vector<std::unique_ptr<wapc::Guest>> guests;
    const auto before = resident_mb();
    const std::size_t most = options.quick ? 100 : 1000;
    while (guests.size() < most) {
      const auto start = Clock::now();
      auto guest = (*module)->instantiate(silent);
      if (!guest) {
        result = pass(guest);
        break;
      }
      guests.push_back(std::move(*guest));
      if (guests.size() == 2) {
        report.add({"(f) second instance", seconds_since(start) * 1e3, "ms", {}, {}, "", {}});
      }
      if (guests.size() == 1 || guests.size() == 100 || guests.size() == most) {
        report.add({fmt::format("(f) memory per instance at {}", guests.size()),
                    (resident_mb() - before) / static_cast<double>(guests.size()),
                    "MB",
                    {},
                    {},
                    "",
                    {}});
      }
    }
  });
  if (!ran) return pass(ran);
  return result;
}

}  // namespace

Result<void> measure_startup(const std::shared_ptr<EngineRuntime>& engine, const Options& options,
                             Report& report) {
  if (options.progress) options.progress("start of a large actor");
  if (auto done = first_answer(engine, options, report); !done) return done;
  if (options.progress) options.progress("memory of instances");
  return instances(engine, options, report);
}

}  // namespace trellis::bench
