// A TCP client for tests that says exactly what it is told to.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/descriptor.hpp"

namespace trellis::test {

/// One connection to 127.0.0.1. Every wait ends after 20 s. Belongs to one thread.
class TcpClient {
 public:
  /// `receive_buffer`: of the kernel, 0 for what it likes.
  explicit TcpClient(std::uint16_t port, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{20, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (receive_buffer > 0) {
      ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  [[nodiscard]] bool connected() const noexcept { return connected_; }
  [[nodiscard]] int descriptor() const noexcept { return socket_.get(); }

  /// False when the peer no longer reads.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  /// Says that nothing more is sent.
  void end() { ::shutdown(socket_.get(), SHUT_WR); }

  /// Reads until `text` came, and takes everything up to its end; empty when it did not come.
  std::string until(std::string_view text) {
    std::size_t at = 0;
    while ((at = input_.find(text)) == std::string::npos) {
      if (!read_more()) return {};
    }
    return take(at + text.size());
  }
  /// Reads to the end: true when the server closed (and did not merely fall silent).
  [[nodiscard]] bool closed() {
    while (read_more()) {
    }
    return ended_;
  }
  [[nodiscard]] const std::string& unread() const noexcept { return input_; }

 protected:
  /// False when nothing comes any more.
  bool read_more() {
    char buffer[16 * 1024];
    const ssize_t count = ::recv(socket_.get(), buffer, sizeof buffer, 0);
    if (count > 0) input_.append(buffer, static_cast<std::size_t>(count));
    if (count == 0 || (count < 0 && errno == ECONNRESET)) ended_ = true;
    return count > 0;
  }
  std::string take(std::size_t size) {
    auto taken = input_.substr(0, size);
    input_.erase(0, size);
    return taken;
  }

 private:
  Descriptor socket_;
  bool connected_ = false;
  bool ended_ = false;
  std::string input_;
};

}  // namespace trellis::test
