// A TCP port that leads to a server, and may be made to lead new connections to another.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "support/server_process.hpp"

namespace trellis::test {

/// Any thread. Connections that were made stay where they lead.
class Forwarder {
 public:
  explicit Forwarder(std::uint16_t to)
      : to_(to), listener_(listen_on(0)), thread_([this] { accept_all(); }) {}
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;
  ~Forwarder() {
    stopping_ = true;
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
    for (auto& each : pumps_) each.join();
  }

  [[nodiscard]] std::uint16_t port() const { return port_of(listener_); }
  void lead_to(std::uint16_t port) { to_ = port; }

 private:
  void accept_all() {
    while (!stopping_) {
      Descriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client) continue;
      Descriptor server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      const auto address = loopback(to_);
      if (::connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
          0) {
        continue;
      }
      pumps_.emplace_back([this, a = std::move(client), b = std::move(server)] { pump(a, b); });
    }
  }

  /// Until one of the two has ended.
  void pump(const Descriptor& a, const Descriptor& b) const {
    std::array<char, 16384> bytes;
    while (!stopping_) {
      std::array<pollfd, 2> ends = {pollfd{a.get(), POLLIN, 0}, pollfd{b.get(), POLLIN, 0}};
      if (::poll(ends.data(), ends.size(), 20) <= 0) continue;
      for (const auto& [from, to] : {std::pair(ends[0], b.get()), std::pair(ends[1], a.get())}) {
        if (from.revents == 0) continue;
        const auto size = ::recv(from.fd, bytes.data(), bytes.size(), 0);
        if (size <= 0) return;
        if (::send(to, bytes.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL) != size) return;
      }
    }
  }

  std::atomic<std::uint16_t> to_;
  std::atomic<bool> stopping_{false};
  const Descriptor listener_;
  std::vector<std::thread> pumps_;  ///< of the accepting thread until that has ended
  std::thread thread_;
};

}  // namespace trellis::test
