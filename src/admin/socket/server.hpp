// The listening side of the control socket: threads, limits, and who may speak.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "admin/socket/protocol.hpp"
#include "admin/socket/socket_folder.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/memory_budget.hpp"

namespace trellis::admin {

struct ServerOptions {
  Place place;        ///< where the socket is made
  Audience audience;  ///< who may connect
  pid_t pid = 0;      ///< names the socket, unless the place does: `<pid>.sock`
  std::size_t connections = limits::control_connections;
  std::chrono::milliseconds idle = limits::control_idle;
  std::chrono::milliseconds transfer = limits::control_transfer;
  std::shared_ptr<MemoryBudget> memory = nullptr;  ///< counts requests; null: nobody does
};

/// Carries out one request. Called from several threads at once; may block.
using Handler = std::function<Outcome(const Request&)>;

/// One thread that accepts and one for each connection. Members: one thread at a time.
class Server {
 public:
  /// Makes the folder and the socket and begins to serve.
  [[nodiscard]] static Result<Server> start(ServerOptions options, Handler handler, Log log);

  Server(Server&&) noexcept;
  Server& operator=(Server&&) = delete;
  /// Does what close() does, gives answers a moment to go out, cuts every connection, and waits for
  /// requests that are being handled: stop first what they wait for.
  ~Server();

  [[nodiscard]] const std::filesystem::path& path() const noexcept;
  /// No new connection and no new request; answers under way still go out.
  void close();

 private:
  class Implementation;
  explicit Server(std::unique_ptr<Implementation> self);
  std::unique_ptr<Implementation> self_;
};

}  // namespace trellis::admin
