// One address that is served: its connections and what they are served with.
#pragma once

#include <atomic>
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "providers/httpserver/connection.hpp"
#include "providers/httpserver/route.hpp"
#include "providers/net/listener.hpp"
#include "providers/net/memory_hold.hpp"

namespace trellis::providers::httpserver {

/// An immutable state of the configuration.
struct Settings {
  /// The limits that hold before a request has found its route: where several actors share the
  /// address the largest of theirs. Its addresses and routing are not used.
  Options options;
  std::shared_ptr<const RouteTable> routes;
  std::shared_ptr<net::ssl::context> tls;  ///< null without TLS
  std::uint64_t version = 0;
};

/// Functions may be called from any thread, except listen, stop_listening, apply and close: by one
/// at a time.
class ServedAddress : public std::enable_shared_from_this<ServedAddress> {
 public:
  /// `on_connection` is called for each new connection, `on_empty` when the last one ends; both
  /// from any thread, and they must not call back.
  struct Notices {
    std::function<void()> on_connection;
    std::function<void()> on_empty;
  };
  /// `memory` counts what connections keep; null: nobody does. It outlives them, as the clock
  /// does.
  ServedAddress(net::io_context& context, const Clock& clock, Log log, Settings settings,
                Notices notices, MemorySource* memory = nullptr);

  /// Listens when it returns and serves what comes. `v6_only` concerns IPv6 addresses. A second
  /// time only after stop_listening, and on the address that it returned.
  [[nodiscard]] Result<void> listen(const Endpoint& wanted, bool v6_only);
  /// New connections are refused from now on; those that are open live on. Returns where it was.
  Endpoint stop_listening();
  [[nodiscard]] bool listening() const;
  /// Whether it listens, and on `address`.
  [[nodiscard]] bool is_at(const Endpoint& address) const;
  /// Whether it listens likewise, where `address` may be the one that was asked for and have no
  /// port.
  [[nodiscard]] bool serves(const Endpoint& address) const;

  /// Connections use the new state from their next request on.
  void apply(Settings settings);
  /// New connections are refused from now on and idle ones end; requests under way may finish until
  /// `last`.
  void close(SteadyTime last);
  void cut_connections();
  void sweep(SteadyTime now);

  /// "http://127.0.0.1:8080" with the real port; also after it was.
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::size_t connections() const;
  [[nodiscard]] std::shared_ptr<const Settings> settings() const;

  // --- for connections ---
  void enter(ConnectionBase& connection);
  void leave(ConnectionBase& connection);
  [[nodiscard]] MemorySource* memory() const noexcept { return memory_; }
  [[nodiscard]] const Clock& clock() const noexcept { return clock_; }
  [[nodiscard]] bool closing() const noexcept { return closing_; }
  /// Replaces `settings` by newer ones; false when there are none.
  [[nodiscard]] bool refresh(std::shared_ptr<const Settings>& settings) const;
  [[nodiscard]] const Log& log() const noexcept { return log_; }
  /// The address, for log lines. Fixed before the first connection.
  [[nodiscard]] std::string_view where() const noexcept { return where_; }

 private:
  void accepted(Socket socket);

  net::io_context& context_;
  const Clock& clock_;
  const Log log_;
  const Notices notices_;
  MemorySource* const memory_;
  std::string where_;

  mutable Mutex mutex_;
  std::shared_ptr<Listener> listener_ GUARDED_BY(mutex_);
  std::shared_ptr<const Settings> settings_ GUARDED_BY(mutex_);
  std::unordered_set<ConnectionBase*> connections_ GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> version_{0};
  std::atomic<bool> closing_{false};
};

}  // namespace trellis::providers::httpserver
