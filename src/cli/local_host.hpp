// A host in this process with everything around it that `up` and `dev` share: engine, control
// socket, health address, and an orderly end.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "admin/http/readiness.hpp"
#include "admin/socket/operations.hpp"
#include "admin/socket/server.hpp"
#include "base/mutex.hpp"
#include "cli/command.hpp"
#include "cli/health_server.hpp"
#include "cli/socket_flags.hpp"
#include "cli/stop_request.hpp"
#include "trellis/engine.hpp"
#include "trellis/host.hpp"

namespace trellis::cli {

/// The file of this program, which also runs providers. Empty where /proc is not mounted.
[[nodiscard]] std::filesystem::path own_program();

struct LocalHostOptions {
  HostOptions host;
  std::string health_address;  ///< empty: none
  SocketOptions socket = {};
};

/// Main thread only, but for what its parts allow. Make the StopRequest first.
class LocalHost {
 public:
  /// Starts engine, host, control socket and health address. A control socket that cannot be had is
  /// a warning, as the host works without it; one that somebody named is an error.
  [[nodiscard]] static Result<std::unique_ptr<LocalHost>> start(const Context& context,
                                                                LocalHostOptions options,
                                                                StopRequest& stop);
  /// Stops the host: no new requests, then links, providers and actors, then the sockets.
  ~LocalHost();
  LocalHost(const LocalHost&) = delete;
  LocalHost& operator=(const LocalHost&) = delete;

  [[nodiscard]] Host& host() noexcept { return *host_; }
  [[nodiscard]] const Log& log() const noexcept { return log_; }
  /// From now on /readyz tells the truth; before it says that the host is still starting.
  void set_started();
  /// Work of the control socket's `reload` and `apply`; until then there is nothing to reload. It
  /// may be called from several threads at once, until the destruction of this object.
  void set_reload(std::function<admin::Outcome(const admin::Request&)> reload);
  /// Path of the control socket; empty when there is none.
  [[nodiscard]] std::string control_path() const;
  /// Address of /livez and /readyz; empty when there is none.
  [[nodiscard]] std::string health_address() const;

 private:
  LocalHost(const Context& context, LocalHostOptions options, std::shared_ptr<EngineRuntime> engine,
            StopRequest& stop);
  [[nodiscard]] Result<void> start_control(const SocketOptions& socket);
  [[nodiscard]] Result<void> start_health(const std::string& address);
  [[nodiscard]] admin::Readiness readiness() const;
  [[nodiscard]] std::string metrics() const;
  [[nodiscard]] admin::Outcome reload(const admin::Request& request) const;

  const Log log_;
  const std::shared_ptr<MemoryBudget> memory_;
  const std::chrono::milliseconds stop_timeout_;
  std::atomic<bool> started_{false};
  mutable Mutex mutex_;
  std::function<admin::Outcome(const admin::Request&)> reload_ GUARDED_BY(mutex_);
  std::unique_ptr<Host> host_;
  admin::Operations operations_;
  std::optional<admin::Server> control_;
  std::optional<HealthServer> health_;
};

}  // namespace trellis::cli
