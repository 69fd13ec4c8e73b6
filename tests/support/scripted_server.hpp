// A server that is none: it answers whatever the test wants.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "support/server_process.hpp"

namespace trellis::test {

/// For each connection in turn, `serve` gets its socket and may read and write; the connection ends
/// with it. One thread at a time.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::function<void(int socket)> serve)
      : serve_(std::move(serve)), listener_(listen_on(0)), thread_([this] { run(); }) {}
  /// Answers the first bytes of each connection with `answer`, and then waits for its end.
  explicit ScriptedServer(std::string answer)
      : ScriptedServer([answer = std::move(answer)](int socket) {
          wait_for_bytes(socket);
          say(socket, answer);
          while (wait_for_bytes(socket)) continue;
        }) {}
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer() {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
      ::shutdown(listener_.get(), SHUT_RDWR);
      if (serving_ >= 0) ::shutdown(serving_, SHUT_RDWR);  // clients may keep connections
    }
    thread_.join();
  }

  [[nodiscard]] std::uint16_t port() const { return port_of(listener_); }
  /// How many were made so far.
  [[nodiscard]] unsigned connections() const { return connections_; }

  /// False at the end of the connection.
  static bool wait_for_bytes(int socket) {
    char bytes[4096];
    return ::recv(socket, bytes, sizeof bytes, 0) > 0;
  }
  static bool say(int socket, std::string_view text) {
    while (!text.empty()) {
      const auto sent = ::send(socket, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

 private:
  void run() {
    while (!stopping_) {
      const Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!socket || !begin(socket.get())) continue;
      ++connections_;
      serve_(socket.get());
      const std::scoped_lock lock(mutex_);
      serving_ = -1;
    }
  }
  bool begin(int socket) {
    const std::scoped_lock lock(mutex_);
    if (!stopping_) serving_ = socket;
    return !stopping_;
  }

  const std::function<void(int)> serve_;
  const Descriptor listener_;
  std::mutex mutex_;
  int serving_ = -1;  // under mutex_
  std::atomic<unsigned> connections_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace trellis::test
