#include "cli/local_host.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "admin/http/metrics.hpp"
#include "base/descriptors.hpp"
#include "base/guard.hpp"
#include "base/limits.hpp"
#include "base/log_budget.hpp"
#include "base/mutex.hpp"
#include "base/sizes.hpp"

namespace trellis::cli {

std::filesystem::path own_program() {
  std::error_code problem;
  return std::filesystem::read_symlink("/proc/self/exe", problem);
}

namespace {

/// Memory of this process is shut away: keys, passwords and secrets lie in it. No other process of
/// the same user (a provider's is one) may read its memory, environment or descriptors, and no core
/// file has them. The leak checker of the sanitizer builds must be able to look at itself.
void shut_memory_away() {
#if !defined(__SANITIZE_ADDRESS__)
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::prctl(PR_SET_DUMPABLE, 0);
#endif
}

/// Time beyond the limit of the host's own stop, for the sockets.
constexpr std::chrono::milliseconds last_resort_after{800};

/// Ends the process without tearing down what threads that are left alone may still touch.
[[noreturn]] void leave_at_once() {
  std::fflush(nullptr);
  std::_Exit(EXIT_FAILURE);
}

/// Ends the process unless it is destroyed in time. Main thread.
class LastResort {
 public:
  LastResort(std::chrono::milliseconds limit, const Log& log)
      : thread_([this, limit, log] {
          MutexLock lock(mutex_);
          if (done_.wait_for(lock, limit, [this]() REQUIRES(mutex_) { return over_; })) return;
          log.error("the stop did not end within {} ms; the process ends all the same",
                    limit.count());
          leave_at_once();
        }) {}
  ~LastResort() {
    {
      const MutexLock lock(mutex_);
      over_ = true;
    }
    done_.notify_one();
    thread_.join();
  }
  LastResort(const LastResort&) = delete;
  LastResort& operator=(const LastResort&) = delete;

 private:
  Mutex mutex_;
  Condition done_;
  bool over_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<LocalHost>> LocalHost::start(const Context& context,
                                                    LocalHostOptions options, StopRequest& stop) {
  // Order: memory is shut away before a provider or a guest runs, and the limit of files is raised
  // before the engine and the sockets open theirs.
  shut_memory_away();
  options.host.provider_process.open_files = to_size(raise_descriptor_limit().before);
  auto engine = EngineRuntime::start();
  if (!engine) return pass(engine);
  const auto health_address = options.health_address;
  const auto socket = options.socket;
  std::unique_ptr<LocalHost> made(
      new LocalHost(context, std::move(options), std::move(*engine), stop));
  // Host before its doors: whoever gets an answer gets it from a host that runs.
  if (auto started = made->host_->start(); !started) return pass(started);
  if (auto health = made->start_health(health_address); !health) return pass(health);
  if (auto control = made->start_control(socket); !control) return pass(control);
  return made;
}

LocalHost::LocalHost(const Context& context, LocalHostOptions options,
                     std::shared_ptr<EngineRuntime> engine, StopRequest& stop)
    // A log budget for the control socket: whoever may connect can cause lines.
    : log_(make_log_budget(options.host.log, std::make_shared<SystemClock>()), "control"),
      memory_(options.host.memory),
      stop_timeout_(options.host.stop_timeout),
      host_(HostBuilder(std::move(engine)).options(std::move(options.host)).build()),
      operations_(
          *host_, context.clock, [&stop] { stop.request(); },
          [this](const admin::Request& request) { return reload(request); }) {}

LocalHost::~LocalHost() {
  // Order of the end: no new commands, then no health (it asks the host), then the host, then the
  // socket with its last answers.
  std::optional<LastResort> last_resort;  // without memory for it the stop goes on without
  survived([&] { last_resort.emplace(stop_timeout_ + last_resort_after, log_); });
  if (control_) control_->close();
  health_.reset();
  bool stopped = false;
  survived([&] { stopped = host_->stop(); });
  // Threads that did not end may touch what destructors would free.
  if (!stopped) leave_at_once();
  control_.reset();
}

Result<void> LocalHost::start_control(const SocketOptions& socket) {
  auto server = admin::Server::start(
      {.place = socket.place, .audience = socket.audience, .pid = ::getpid(), .memory = memory_},
      [this](const admin::Request& request) { return operations_.handle(request); }, log_);
  if (server) {
    control_.emplace(std::move(*server));
    return {};
  }
  // A socket that was asked for must be there; the usual one is a convenience, and the host serves
  // without.
  if (socket.wished) return pass(server);
  log_.warn("no control socket, so `trellis call` and the like will not find this host: {}{}{}",
            server.error().message, server.error().remedy.empty() ? "" : "; ",
            server.error().remedy);
  return {};
}

Result<void> LocalHost::start_health(const std::string& address) {
  if (address.empty()) return {};
  auto server = HealthServer::start(
      address, {[this] { return readiness(); }, [this] { return metrics(); }}, log_);
  if (!server) return pass(server);
  health_.emplace(std::move(*server));
  return {};
}

admin::Readiness LocalHost::readiness() const {
  // Ready means that everything of the manifest was tried, not that the process is up.
  if (!started_) return {{"the host is starting"}};
  const auto inventory = host_->inventory();
  if (!inventory) return {{inventory.error().message}};
  return admin::readiness_of(*inventory, host_->links());
}

std::string LocalHost::metrics() const {
  const auto inventory = host_->inventory();
  return inventory ? admin::metrics_text(*inventory) : std::string();
}

void LocalHost::set_started() {
  started_ = true;
}

void LocalHost::set_reload(std::function<admin::Outcome(const admin::Request&)> reload) {
  const MutexLock lock(mutex_);
  reload_ = std::move(reload);
}

admin::Outcome LocalHost::reload(const admin::Request& request) const {
  std::function<admin::Outcome(const admin::Request&)> work;
  {
    const MutexLock lock(mutex_);
    // Copied: applying takes seconds, and the lock must be free for others.
    work = reload_;
  }
  if (work) return work(request);
  return fail(ErrorCode::unavailable, "this host has no manifest that could be read again (yet)",
              "wait until it has started, or start it with: trellis up --manifest FILE");
}

std::string LocalHost::control_path() const {
  return control_ ? control_->path().string() : std::string();
}
std::string LocalHost::health_address() const {
  return health_ ? health_->address() : std::string();
}

}  // namespace trellis::cli
