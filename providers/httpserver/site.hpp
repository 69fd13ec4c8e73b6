// The HTTP server of one actor: its addresses, its connections and what they are served with.
#pragma once

#include <atomic>
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/log.hpp"
#include "providers/httpserver/connection.hpp"
#include "providers/httpserver/handler.hpp"
#include "providers/httpserver/listener.hpp"
#include "providers/httpserver/options.hpp"

namespace trellis::providers::httpserver {

/// An immutable state of the configuration.
struct Settings {
  Options options;
  std::shared_ptr<net::ssl::context> tls;  ///< null without TLS
  std::uint64_t version = 0;
};

/// Functions may be called from any thread, except configure and close: by one at a time.
class Site : public std::enable_shared_from_this<Site> {
 public:
  /// `label` names the actor in logs. `on_connection` is called for each new connection, `on_empty`
  /// when the last one ends; both from any thread, and they must not call back.
  struct Notices {
    std::function<void()> on_connection;
    std::function<void()> on_empty;
  };
  Site(net::io_context& context, Log log, std::string label,
       std::shared_ptr<RequestHandler> handler, Notices notices);

  /// Applies options: listens on what is new, closes what is gone, keeps the rest with its
  /// connections, which use the new limits from their next request on. When it fails everything
  /// stays as it was.
  [[nodiscard]] Result<> configure(const Options& options);
  /// New connections are refused from now on and idle ones end; requests under way may finish until
  /// `last_ns` (coarse_now_ns()).
  void close(std::int64_t last_ns);
  void cut_connections();
  void sweep(std::int64_t now_ns);

  /// "http://127.0.0.1:8080" for each address, with the real ports.
  [[nodiscard]] std::vector<std::string> urls() const;
  [[nodiscard]] std::size_t connections() const;
  [[nodiscard]] std::shared_ptr<const Settings> settings() const;

  // --- for connections ---
  void enter(ConnectionBase& connection);
  void leave(ConnectionBase& connection);
  [[nodiscard]] bool closing() const noexcept { return closing_; }
  /// Replaces `settings` by newer ones; false when there are none.
  [[nodiscard]] bool refresh(std::shared_ptr<const Settings>& settings) const;
  [[nodiscard]] RequestHandler& handler() const noexcept { return *handler_; }
  [[nodiscard]] const Log& log() const noexcept { return log_; }
  [[nodiscard]] std::string_view label() const noexcept { return label_; }

 private:
  using Listeners = std::vector<std::shared_ptr<Listener>>;

  [[nodiscard]] Result<Listeners> open_missing(const Options& options) const;
  [[nodiscard]] Result<Listeners> open_in_place_of_old(const Options& options, const Error& first);
  std::vector<Endpoint> drop_unwanted(const Options& options);
  void adopt(const Listeners& opened, bool tls);
  void accepted(Socket socket);

  net::io_context& context_;
  const Log log_;
  const std::string label_;
  const std::shared_ptr<RequestHandler> handler_;
  const Notices notices_;

  mutable std::mutex mutex_;
  Listeners listeners_;                              // under mutex_
  std::shared_ptr<const Settings> settings_;         // under mutex_
  std::unordered_set<ConnectionBase*> connections_;  // under mutex_
  std::atomic<std::uint64_t> version_{0};
  std::atomic<bool> closing_{false};
};

}  // namespace trellis::providers::httpserver
