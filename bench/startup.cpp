// From file to first answer, and what instances and an idle host weigh.
#include <fmt/format.h>
#include <unistd.h>

#include <fstream>

#include "bench/bench.hpp"
#include "bench/fixture.hpp"
#include "bench/guests.hpp"
#include "bench/measure.hpp"
#include "wapc/guest.hpp"

namespace trellis::bench {
namespace {

double resident_mb() {
  std::ifstream file("/proc/self/statm");
  double total = 0;
  double resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

struct Silent final : wapc::HostCalls {
  Result<Bytes> host_call(std::string_view, std::string_view, std::string_view, ByteView) override {
    return Bytes{};
  }
  void console_log(std::string_view) noexcept override {}
};

Result<void> first_answer(const std::shared_ptr<EngineRuntime>& engine, Report& report) {
  Signer signer;
  auto made = signer.sign(large_guest());
  if (!made) return pass(made);
  host::Core core({}, engine);
  const auto start = Clock::now();
  auto key = core.start_actor(made->module, {});
  if (!key) return pass(key);
  auto answer = core.call_actor(*key, "Echo", as_bytes("x"), {});
  const auto took = seconds_since(start) * 1e3;
  if (!answer) return pass(answer);
  report.add({fmt::format("(f) module to first answer, {} KB", made->module.size() / 1000),
              took,
              "ms",
              {},
              {},
              "<= 40 ms",
              took <= 40});
  report.add({"(f) RSS of a host with one idle actor", resident_mb(), "MB", {}, {}, "", {}});
  core.stop();
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
    const std::size_t most = options.quick ? 100 : 900;
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
  if (auto done = first_answer(engine, report); !done) return done;
  if (options.progress) options.progress("memory of instances");
  return instances(engine, options, report);
}

}  // namespace trellis::bench
