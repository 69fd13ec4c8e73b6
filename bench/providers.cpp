// What a call to a provider costs in the host's process and in one of its own.
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "base/descriptor.hpp"
#include "bench/bench.hpp"
#include "bench/direct_keyvalue.hpp"
#include "bench/measure.hpp"
#include "bench/outside.hpp"
#include "bench/usual_host.hpp"
#include "codec/message.hpp"
#include "codec/messages/core.hpp"
#include "codec/messages/keyvalue.hpp"
#include "host/lifecycle/host_runtime.hpp"
#include "provider/process/frame.hpp"

namespace trellis::bench {
namespace {

constexpr std::string_view actor = "MBENCH";
/// With its name and the map around it the request has 64 bytes.
const std::string some_key(58, 'k');

/// A process that sends back what it gets, over the kind of stream a provider's process uses.
class EchoProcess {
 public:
  EchoProcess() {
    std::array<int, 2> ends{-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return;
    near_ = Descriptor(ends[0]);
    const Descriptor far(ends[1]);
    child_ = ::fork();
    if (child_ == 0) echo(far.get());
  }
  ~EchoProcess() {
    ::shutdown(near_.get(), SHUT_RDWR);
    if (child_ > 0) ::waitpid(child_, nullptr, 0);
  }
  EchoProcess(const EchoProcess&) = delete;
  EchoProcess& operator=(const EchoProcess&) = delete;

  bool round_trip() {
    return ::send(near_.get(), bytes_.data(), bytes_.size(), 0) ==
               static_cast<ssize_t>(bytes_.size()) &&
           ::recv(near_.get(), bytes_.data(), bytes_.size(), 0) ==
               static_cast<ssize_t>(bytes_.size());
  }

 private:
  [[noreturn]] static void echo(int stream) {
    std::array<char, 1024> bytes;
    while (true) {
      const auto count = ::recv(stream, bytes.data(), bytes.size(), 0);
      if (count <= 0) ::_exit(0);
      if (::send(stream, bytes.data(), static_cast<std::size_t>(count), 0) != count) ::_exit(1);
    }
  }

  Descriptor near_;
  pid_t child_ = 0;
  std::array<char, sizeof(provider::process::FrameHead) + 64> bytes_{};
};

/// A linked key-value provider of a host.
struct Linked {
  std::shared_ptr<provider::Provider> instance;

  Result<Bytes> call(std::string_view operation, ByteView payload) const {
    CallContext context;
    context.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    return instance->call(context, operation == "BindActor" ? "system" : actor, operation, payload);
  }
};

Result<Linked> start(host::HostRuntime& host_runtime, ProviderMode mode) {
  const std::string link_name(to_string(mode));
  auto started =
      host_runtime.start_provider("builtin:keyvalue", {.link_name = link_name, .mode = mode});
  if (!started) return pass(started);
  Linked linked;
  host_runtime.registry().tables().read()->providers.for_each(
      [&](std::string_view, const auto& entry) {
        if (entry->link_name == link_name) linked.instance = entry->instance;
      });
  codec::core::CapabilityConfiguration bind;
  bind.module = actor;
  if (auto bound = linked.call("BindActor", codec::encode(bind)); !bound) return pass(bound);
  return linked;
}

void add_mode(Report& report, const std::string& name, const Pair& pair, double factor,
              double plus_ns) {
  Figure figure{name, pair.value, "ns", pair.floor, pair.value / pair.floor, "", {}};
  if (factor > 0) {
    figure.target = fmt::format("<= {:.1f} x floor + {:.0f} us", factor, plus_ns / 1000);
    figure.reached = pair.value <= factor * pair.floor + plus_ns;
  }
  report.add(std::move(figure));
}

/// Milliseconds from the order to a provider that answers, in the middle of several.
Result<double> start_time(host::HostRuntime& host_runtime) {
  std::vector<double> times;
  for (int i = 0; i < 5; ++i) {
    const auto begun = Clock::now();
    const auto name = fmt::format("start{}", i);
    auto started = host_runtime.start_provider("builtin:keyvalue",
                                               {.link_name = name, .mode = ProviderMode::process});
    if (!started) return pass(started);
    times.push_back(seconds_since(begun) * 1000);
    if (auto stopped = host_runtime.stop_provider(*started, {}, name); !stopped)
      return pass(stopped);
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

}  // namespace

Result<void> measure_providers(const std::shared_ptr<EngineRuntime>& engine, const Options& options,
                               Report& report) {
  HostOptions how = usual_host();
  how.provider_process.program = host_program();
  host::HostRuntime host_runtime(how, engine);
  const auto near = start(host_runtime, ProviderMode::in_process);
  if (!near) return pass(near);
  const auto far = start(host_runtime, ProviderMode::process);
  if (!far) return pass(far);
  const auto payload = codec::encode(codec::keyvalue::KeyExistsArgs{some_key});
  const double seconds = options.quick ? 0.012 : 0.12;

  DirectKeyValue direct;
  codec::core::CapabilityConfiguration bind;
  bind.module = actor;
  static_cast<void>(direct.call("system", "BindActor", codec::encode(bind)));
  if (options.progress) options.progress("(i) provider in process and in its own");
  bool good = true;
  auto pair = measure_by_turns([&] { static_cast<void>(direct.call(actor, "KeyExists", payload)); },
                               [&] { good = near->call("KeyExists", payload).has_value() && good; },
                               7, seconds);
  add_mode(report, "(i) provider call in process", pair, 0, 0);

  EchoProcess echo;
  pair = measure_by_turns([&] { good = echo.round_trip() && good; },
                          [&] { good = far->call("KeyExists", payload).has_value() && good; }, 7,
                          seconds);
  add_mode(report, "(i) provider call in a process of its own", pair, 1.3, 5000);
  if (!good) return fail(ErrorCode::internal, "a call of the benchmark failed");

  const auto milliseconds = start_time(host_runtime);
  if (!milliseconds) return pass(milliseconds);
  report.add({"(i) start of a provider's process",
              *milliseconds,
              "ms",
              {},
              {},
              "<= 100 ms",
              *milliseconds <= 100});
  host_runtime.stop();
  return {};
}

}  // namespace trellis::bench
