// What it takes to start many actors and packaged providers, and what stopped ones leave behind.
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "apply/reload.hpp"
#include "base/files.hpp"
#include "bench/bench.hpp"
#include "bench/fixture.hpp"
#include "bench/folder.hpp"
#include "bench/machine_use.hpp"
#include "bench/measure.hpp"
#include "bench/outside.hpp"
#include "bench/usual_host.hpp"
#include "package/archive.hpp"
#include "package/archive_writer.hpp"
#include "trellis/host.hpp"
#include "wapc/guest.hpp"

namespace trellis::bench {
namespace {

namespace fs = std::filesystem;

/// `count` modules with keys of their own, as files of a manifest.
Result<manifest::Manifest> write_modules(const fs::path& folder, Variants& variants, int count) {
  Signer signer;
  manifest::Manifest manifest;
  for (int i = 0; i < count; ++i) {
    const auto made = signer.sign(variants.next());
    if (!made) return pass(made);
    const auto file = folder / fmt::format("{}.wasm", i);
    std::ofstream(file, std::ios::binary) << as_text(made->module);
    auto& listed = manifest.actors.emplace_back();
    listed.ref = file.string();
  }
  return manifest;
}

/// Seconds of processor time to compile all modules of a manifest, one after the other: the engine
/// uses several cores for each.
Result<double> compile_all(EngineRuntime& engine, const manifest::Manifest& manifest) {
  double sum = 0;
  for (const auto& listed : manifest.actors) {
    const auto module = read_file(listed.ref, 10'000'000);
    if (!module) return pass(module);
    const auto before = own_processor_seconds();
    const auto compiled = wapc::GuestModule::compile(engine, as_bytes(*module));
    if (!compiled) return pass(compiled);
    sum += own_processor_seconds() - before;
  }
  return sum;
}

Result<double> start_all(const std::shared_ptr<EngineRuntime>& engine,
                         const manifest::Manifest& manifest) {
  const auto host = HostBuilder(engine).build();
  if (auto started = host->start(); !started) return pass(started);
  apply::ReloadOptions how;
  how.folders = {"/"};
  apply::Reloader reloader(*host, how, {});
  const auto start = Clock::now();
  const auto report = reloader.start(manifest);
  const auto took = seconds_since(start);
  if (report.failures() > 0) {
    const auto bad =
        std::ranges::find_if(report.items, [](const auto& item) { return !item.ok(); });
    return fail(ErrorCode::internal, "an actor of the manifest did not start: " + bad->problem);
  }
  host->stop();
  return took;
}

Result<void> measure_manifest(const std::shared_ptr<EngineRuntime>& engine, const Options& options,
                              Report& report) {
  if (options.progress) options.progress("50 actors from a manifest");
  const auto cores = std::max(1U, std::thread::hardware_concurrency());
  Variants variants;
  std::vector<std::pair<double, Pair>> turns;
  for (int turn = 0; turn < (options.quick ? 1 : 5); ++turn) {
    const Folder folder;
    const auto manifest = write_modules(folder.path(), variants, 50);
    if (!manifest) return pass(manifest);
    const auto alone = compile_all(*engine, *manifest);
    if (!alone) return pass(alone);
    const auto whole = start_all(engine, *manifest);
    if (!whole) return pass(whole);
    const Pair pair{*alone * 1000 / cores, *whole * 1000};
    turns.emplace_back(pair.value / pair.floor, pair);
  }
  std::ranges::sort(turns, {}, [](const auto& turn) { return turn.first; });
  const auto& [ratio, pair] = turns[turns.size() / 2];
  report.add({"(f) 50 actors of 551 KB from a manifest", pair.value, "ms", pair.floor, ratio,
              fmt::format("<= 1.2 x their compiles / {} cores", cores), ratio <= 1.2});
  return {};
}

/// The archive of a provider as it is built or installed; empty: none.
fs::path some_archive() {
  std::error_code problem;
  const auto here = fs::read_symlink("/proc/self/exe", problem).parent_path();
  for (const auto* folder : {"../archives", "providers"}) {
    const auto file = here / folder / "keyvalue.par";
    if (fs::exists(file, problem)) return fs::canonical(file, problem);
  }
  return {};
}

Result<fs::path> write_archive_of(const fs::path& other, const fs::path& folder) {
  SystemRandom random;
  const auto issuer = identity::KeyPair::generate(identity::KeyType::account, random);
  const auto subject = identity::KeyPair::generate(identity::KeyType::service, random);
  identity::ProviderClaims claims;
  claims.jti = make_nuid(random);
  claims.sub = subject.public_key().text();
  claims.name = "bench";
  claims.capid = "wasmcloud:keyvalue";
  claims.vendor = "bench";
  const auto file = folder / "provider.par.gz";
  if (auto made = package::write_archive(file, claims, {{package::this_target(), other, true}},
                                         issuer, true);
      !made) {
    return pass(made);
  }
  return file;
}

Result<void> measure_archive(const std::shared_ptr<EngineRuntime>& engine, const Options& options,
                             Report& report) {
  constexpr auto name = "(f) provider archive from a warm cache";
  if (options.progress) options.progress("provider archives");
  const auto other = some_archive();
  if (other.empty()) {
    report.leave_out(name, "no archive of a provider beside this program");
    return {};
  }
  const Folder folder;
  const auto archive = write_archive_of(other, folder.path());
  if (!archive) return pass(archive);
  HostOptions how = usual_host();
  how.provider_process.program = host_program();
  how.registry.cache_folder = folder.path() / "cache";
  const auto host = HostBuilder(engine).options(how).build();
  if (auto started = host->start(); !started) return started;
  for (const auto mode : {ProviderMode::in_process, ProviderMode::process}) {
    std::vector<double> times;
    for (int turn = 0; turn < 10; ++turn) {
      const auto start = Clock::now();
      const auto key =
          host->start_provider(archive->string(), {.link_name = "bench", .mode = mode});
      const auto took = seconds_since(start) * 1000;
      if (!key) return pass(key);
      if (turn > 0) times.push_back(took);  // the first one fills the cache
      if (auto stopped = host->stop_provider(*key, {}, "bench"); !stopped) return stopped;
    }
    std::ranges::sort(times);
    const auto middle = times[times.size() / 2];
    report.add({fmt::format("{}, {}", name, to_string(mode)),
                middle,
                "ms",
                {},
                {},
                "<= 100 ms",
                middle <= 100});
  }
  host->stop();
  return {};
}

/// The same few actors started and stopped over and over: memory must not follow.
Result<void> measure_cycles(const std::shared_ptr<EngineRuntime>& engine, const Options& options,
                            Report& report) {
  if (options.progress) options.progress("actors that are started and stopped");
  Signer signer;
  Variants variants;
  std::vector<Signer::Signed> modules;
  for (int i = 0; i < 4; ++i) {
    auto made = signer.sign(variants.next());
    if (!made) return pass(made);
    modules.push_back(std::move(*made));
  }
  host::HostRuntime host_runtime(usual_host(), engine);
  const auto cycle = [&](int turn) -> Result<void> {
    const auto& module = modules[static_cast<std::size_t>(turn) % modules.size()];
    const auto key = host_runtime.start_actor(module.module, {});
    if (!key) return pass(key);
    auto answer = host_runtime.call_actor(*key, "Echo", as_bytes("x"), {});
    if (!answer) return pass(answer);
    return host_runtime.stop_actor(*key);
  };
  const int warm = options.quick ? 20 : 200;
  const int cycles = options.quick ? 100 : 1000;
  double before = 0;
  for (int turn = 0; turn < warm + cycles; ++turn) {
    if (turn == warm) {
      ::malloc_trim(0);
      before = resident_mb();
    }
    if (auto done = cycle(turn); !done) return done;
  }
  ::malloc_trim(0);
  const auto left = resident_mb() - before;
  report.add({fmt::format("(f) left in memory by {} starts and stops", cycles),
              left,
              "MB",
              {},
              {},
              "<= 2 MB",
              left <= 2});
  host_runtime.stop();
  return {};
}

}  // namespace

Result<void> measure_starting(const std::shared_ptr<EngineRuntime>& engine, const Options& options,
                              Report& report) {
  if (auto done = measure_manifest(engine, options, report); !done) return done;
  if (auto done = measure_archive(engine, options, report); !done) return done;
  return measure_cycles(engine, options, report);
}

}  // namespace trellis::bench
