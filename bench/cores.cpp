// How guests that compute share the cores.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "bench/bench.hpp"
#include "bench/fixture.hpp"
#include "bench/guests.hpp"
#include "bench/measure.hpp"
#include "bench/usual_host.hpp"

namespace trellis::bench {
namespace {

constexpr std::size_t guests = 4;

Bytes rounds_of(double rounds) {
  const auto count = static_cast<std::uint32_t>(rounds);
  return {static_cast<std::uint8_t>(count), static_cast<std::uint8_t>(count >> 8U),
          static_cast<std::uint8_t>(count >> 16U), static_cast<std::uint8_t>(count >> 24U)};
}

/// Callers that do not wait for each other, one for each actor; `rounds` of each of its calls.
/// Rounds that were computed, by actor.
Result<std::array<double, guests>> share(host::HostRuntime& host_runtime,
                                         const std::vector<std::string>& keys,
                                         const std::array<double, guests>& rounds, double seconds) {
  std::array<double, guests> done{};
  std::atomic<bool> failed{false};
  const auto start = Clock::now();
  {
    std::vector<std::jthread> callers;
    for (std::size_t i = 0; i < guests; ++i) {
      callers.emplace_back([&, i] {
        const auto payload = rounds_of(rounds[i]);
        while (seconds_since(start) < seconds) {
          if (!host_runtime.call_actor(keys[i], "Work", payload, std::chrono::seconds(30)))
            failed = true;
          done[i] += rounds[i];
        }
      });
    }
  }
  if (failed) return fail(ErrorCode::internal, "a guest that computes failed");
  return done;
}

}  // namespace

Result<void> measure_cores(const std::shared_ptr<EngineRuntime>& engine, const Options& options,
                           Report& report) {
  if (options.progress) options.progress("four guests that compute");
  host::HostRuntime host_runtime(usual_host(), engine);
  Signer signer;
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < guests; ++i) {
    const auto made = signer.sign(relay_guest());
    if (!made) return pass(made);
    const auto started = host_runtime.start_actor(made->module, {});
    if (!started) return pass(started);
    keys.push_back(*started);
  }
  // As many rounds as take about a millisecond, once the code is optimised.
  double rounds = 100'000;
  for (int i = 0; i < 20; ++i) {
    const auto begun = Clock::now();
    if (auto done = host_runtime.call_actor(keys[0], "Work", rounds_of(rounds), {}); !done) {
      return pass(done);
    }
    rounds = std::clamp(rounds * 1e-3 / seconds_since(begun), 1e3, 1e8);
  }
  const double seconds = options.quick ? 0.5 : 3;
  struct Case {
    const char* name;
    std::array<double, guests> milliseconds;
    double least;
  };
  for (const auto& what :
       {Case{"2 ms each", {2, 2, 2, 2}, 0.9}, Case{"100 ms each", {100, 100, 100, 100}, 0.8},
        Case{"two of 2 ms, two of 100 ms", {2, 2, 100, 100}, 0.0}}) {
    std::array<double, guests> wanted{};
    for (std::size_t i = 0; i < guests; ++i) wanted[i] = what.milliseconds[i] * rounds;
    const auto done = share(host_runtime, keys, wanted, seconds);
    if (!done) return pass(done);
    const auto [least, most] = std::ranges::minmax(*done);
    Figure figure{fmt::format("four guests on the cores, {}: least to most", what.name),
                  least / most,
                  "",
                  {},
                  {},
                  "",
                  {}};
    if (what.least > 0) {
      figure.target = fmt::format(">= {}", what.least);
      figure.reached = least >= what.least * most;
    }
    report.add(std::move(figure));
  }
  host_runtime.stop();
  return {};
}

}  // namespace trellis::bench
