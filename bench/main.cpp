// The program behind `trellis bench`: the project's benchmarks on this machine. A program of its
// own, so that the host's binary carries neither the benchmarks nor their guests.
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <vector>

#include "bench/bench.hpp"
#include "bench/machine_use.hpp"
#include "bench/outside.hpp"
#include "cli/command.hpp"
#include "cli/local_nats.hpp"
#include "trellis/engine.hpp"

namespace trellis::cli {
namespace {

struct BenchArguments {
  std::string out;
  bool quick = false;
  bool no_http = false;
  std::vector<std::string> only;
  std::string nats;
  std::string redis;
  std::uint32_t redis_pid = 0;
};

/// A failed measurement is a failed run, but does not keep the others from being made.
void miss(Context& context, bench::Report& report, const char* what, const Error& error) {
  report.leave_out(what, error.message + (error.remedy.empty() ? "" : "; " + error.remedy));
  context.exit_code = 1;
}

/// Against a server of its own on a free port, unless one is named.
void measure_lattice(const BenchArguments& arguments, Context& context,
                     const std::shared_ptr<EngineRuntime>& engine, bench::Options options,
                     bench::Report& report, bool calls, bool joining) {
  const auto skip = [&](const Error& error) { miss(context, report, "(g) lattice", error); };
  options.nats_url = arguments.nats;
  std::unique_ptr<LocalNats> server;
  if (options.nats_url.empty()) {
    auto started = LocalNats::start_anywhere(context);
    if (!started) return skip(started.error());
    server = std::move(*started);
    options.nats_url = server->url();
    options.nats_pid = server->pid();
  }
  if (calls) {
    if (auto done = bench::measure_lattice(engine, options, report); !done) skip(done.error());
    if (auto done = bench::measure_messaging(engine, options, report); !done) {
      miss(context, report, "(k) messaging", done.error());
    }
  }
  if (joining) {
    if (auto done = bench::measure_joining(engine, options, report); !done) {
      miss(context, report, "(h), (i) joining", done.error());
    }
  }
}

void measure_http(const BenchArguments& arguments, Context& context,
                  const std::shared_ptr<EngineRuntime>& engine, bench::Options options,
                  bench::Report& report) {
  if (arguments.no_http) return report.leave_out("(e) HTTP, (j) counter", "--no-http");
  if (auto done = bench::measure_http(engine, options, report); !done) {
    miss(context, report, "(e) HTTP", done.error());
  }
  options.redis_url = arguments.redis;
  if (arguments.redis.empty()) {
    report.leave_out("(j) counter over Redis", "no server was named; --redis redis://HOST:PORT/");
  }
  if (auto done = bench::measure_counter(engine, options, report); !done) {
    miss(context, report, "(j) counter", done.error());
  }
  if (auto done = bench::measure_redis_services(engine, options, report); !done) {
    miss(context, report, "(k) Redis", done.error());
  }
}

Result<Answer> run_bench(const BenchArguments& arguments, Context& context) {
  auto engine = EngineRuntime::start({});
  if (!engine) return pass(engine);
  bench::Options options;
  options.quick = arguments.quick;
  options.progress = [&](const std::string& step) {
    context.err << "bench: " << step << std::endl;
  };
  bench::Report report;
  const bench::MachineUse use({static_cast<pid_t>(arguments.redis_pid)});
  const auto wanted = [&](std::string_view part) {
    const auto& only = arguments.only;
    return only.empty() || std::ranges::find(only, part) != only.end();
  };
  if (wanted("startup")) {
    if (auto done = bench::measure_startup(*engine, options, report); !done) return pass(done);
    if (auto done = bench::measure_starting(*engine, options, report); !done) return pass(done);
    if (auto done = bench::measure_memory(options, report); !done) return pass(done);
  }
  if (wanted("calls")) {
    if (auto done = bench::measure_calls(*engine, options, report); !done) return pass(done);
    if (auto done = bench::measure_cores(*engine, options, report); !done) return pass(done);
  }
  if (wanted("providers")) {
    if (auto done = bench::measure_providers(*engine, options, report); !done) return pass(done);
  }
  if (wanted("http")) measure_http(arguments, context, *engine, options, report);
  if (wanted("lattice") || wanted("joining")) {
    measure_lattice(arguments, context, *engine, options, report, wanted("lattice"),
                    wanted("joining"));
  }
  report.set_others(use.others());
  if (!arguments.out.empty()) {
    if (auto written = report.write_json(arguments.out); !written) return pass(written);
  }
  return Answer{report.as_text(), nlohmann::json::parse(report.as_json())};
}

void declare(Command& bench, Context& context) {
  auto arguments = std::make_shared<BenchArguments>();
  bench.add_option("--out", arguments->out, "also write the figures as JSON to this file");
  bench.add_flag("--quick", arguments->quick, "a tenth of the time, for a first look");
  bench.add_option("--nats", arguments->nats,
                   "NATS URL to measure the lattice with (else a nats-server is started)");
  bench.add_option("--redis", arguments->redis,
                   "Redis URL to measure HTTP and Redis together with (else left out)");
  bench.add_option("--redis-pid", arguments->redis_pid,
                   "process of that Redis server, whose time is not taken for somebody else's");
  bench.add_option("--only", arguments->only, "measure this part; may be repeated")
      .one_of({"startup", "calls", "providers", "http", "lattice", "joining"})
      .one_each();
  bench.add_flag("--no-http", arguments->no_http, "leave out what needs wrk");
  add_leaf(bench, context,
           [arguments, &context](const OutputOptions&) { return run_bench(*arguments, context); });
}

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

}  // namespace
}  // namespace trellis::cli

/// The process of the callers: started by the benchmark itself.
int call_from_outside(int argc, char** argv) {
  using namespace trellis;
  const auto calls = bench::parse_outside_calls({argv + 2, argv + argc});
  const Result<void> done =
      calls ? bench::call_from_outside(*calls) : std::unexpected(calls.error());
  if (!done) std::cerr << "trellis bench: " << done.error().message << '\n';
  return done ? 0 : 1;
}

int main(int argc, char** argv) {
  using namespace trellis;
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is a write error, not a silent death
  if (argc > 1 && std::string_view(argv[1]) == bench::outside_option) {
    return call_from_outside(argc, argv);
  }
  const SystemClock clock;
  SystemRandom random;
  cli::Context context{.clock = clock,
                       .random = random,
                       .env = cli::environment,
                       .out = std::cout,
                       .err = std::cerr};
  cli::CommandLine line("trellis bench", "Measures this machine: ratios to floors of the same run");
  cli::declare(line.root(), context);
  return cli::run(line, argc, argv, context);
}
