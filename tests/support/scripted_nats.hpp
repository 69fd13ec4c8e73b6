// A NATS server that says what a test wants it to say, right or wrong.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/nats_server.hpp"

namespace trellis::test {

/// One connection, seen from the server's side. Reads end when the peer or the test does.
class ScriptedPeer {
 public:
  ScriptedPeer(int socket, const std::atomic<bool>& stopping)
      : socket_(socket), stopping_(stopping) {}

  void send(std::string_view text) const {
    while (!text.empty()) {
      const auto sent = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// The next line without its end; empty at the end of the connection.
  std::string line() {
    while (true) {
      const auto end = buffer_.find("\r\n");
      if (end != std::string::npos) {
        auto found = buffer_.substr(0, end);
        buffer_.erase(0, end + 2);
        return found;
      }
      if (!more()) return {};
    }
  }
  std::string payload(std::size_t size) {
    while (buffer_.size() < size + 2) {
      if (!more()) return {};
    }
    auto found = buffer_.substr(0, size);
    buffer_.erase(0, size + 2);
    return found;
  }

  /// INFO, then CONNECT and PING are awaited and answered; the CONNECT line.
  std::string greet(std::string_view info) {
    send("INFO " + std::string(info) + "\r\n");
    auto connect = line();
    if (line() == "PING") send("PONG\r\n");
    return connect;
  }

  /// Answers PINGs and hands every other line over, until the connection ends.
  void serve(const std::function<void(const std::string&)>& other = {}) {
    for (auto next = line(); !next.empty(); next = line()) {
      if (next == "PING") {
        send("PONG\r\n");
      } else if (other) {
        other(next);
      }
    }
  }

 private:
  bool more() {
    while (!stopping_) {
      pollfd ready{socket_.get(), POLLIN, 0};
      if (::poll(&ready, 1, 50) <= 0) continue;
      char data[4096];
      const auto got = ::recv(socket_.get(), data, sizeof data, 0);
      if (got <= 0) return false;
      buffer_.append(data, static_cast<std::size_t>(got));
      return true;
    }
    return false;
  }

  const Descriptor socket_;
  const std::atomic<bool>& stopping_;
  std::string buffer_;
};

/// Runs `script` for each connection, one after the other, on a thread of its own.
class ScriptedNats {
 public:
  using Script = std::function<void(ScriptedPeer&)>;

  explicit ScriptedNats(Script script)
      : listener_(listen_on(0)), port_(port_of(listener_)), script_(std::move(script)) {
    thread_ = std::thread([this] { run(); });
  }
  ScriptedNats(const ScriptedNats&) = delete;
  ScriptedNats& operator=(const ScriptedNats&) = delete;
  ~ScriptedNats() {
    stopping_ = true;
    thread_.join();
  }

  [[nodiscard]] NatsOptions options() const {
    NatsOptions options;
    options.servers = {"127.0.0.1:" + std::to_string(port_)};
    return options;
  }
  /// Connections that were accepted.
  [[nodiscard]] int connections() const noexcept { return connections_; }

 private:
  void run() {
    while (!stopping_) {
      pollfd ready{listener_.get(), POLLIN, 0};
      if (::poll(&ready, 1, 50) <= 0) continue;
      const int socket = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) continue;
      ++connections_;
      ScriptedPeer peer(socket, stopping_);
      script_(peer);
    }
  }

  const Descriptor listener_;
  const std::uint16_t port_;
  const Script script_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

}  // namespace trellis::test
