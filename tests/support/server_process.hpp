// A real server for one test, whatever it is: loopback, a free port, gone when the test ends.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/descriptor.hpp"
#include "base/text.hpp"

namespace trellis::test {

/// Far longer than anything takes: no test depends on how fast the machine is.
inline constexpr std::chrono::seconds patience{60};

/// Asks until the answer is true or patience ends; the last answer.
inline bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

/// A socket that listens on loopback; port 0 takes a free one.
inline Descriptor listen_on(std::uint16_t port) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto address = loopback(port);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.get(), 16) != 0) {
    ADD_FAILURE() << "cannot listen on 127.0.0.1:" << port;
  }
  return socket;
}

inline std::uint16_t port_of(const Descriptor& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

/// Whether somebody listens on that port of loopback.
inline bool is_listening(std::uint16_t port) {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = loopback(port);
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

/// A port nobody listens on now.
inline std::uint16_t free_port() {
  return port_of(listen_on(0));
}

/// Where a server program is: named by a variable of the environment, found by CMake, on the PATH,
/// or where scripts/setup.sh unpacks it. Empty when nowhere.
inline std::string find_server(const char* variable, std::string_view found, std::string_view name,
                               std::string_view unpacked) {
  std::vector<std::string> places;
  if (const char* given = std::getenv(variable)) places.emplace_back(given);
  places.emplace_back(found);
  const char* path = std::getenv("PATH");
  for (const auto folder : split(path == nullptr ? "" : path, ':')) {
    places.push_back(std::string(folder) + '/' + std::string(name));
  }
  places.push_back(TRELLIS_SOURCE_DIR "/build/deps/servers/" + std::string(unpacked));
  for (const auto& place : places) {
    if (!place.empty() && ::access(place.c_str(), X_OK) == 0) return place;
  }
  return {};
}

/// One child process, which dies with the test. One thread.
class ServerProcess {
 public:
  ServerProcess() = default;
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess() { end_with(SIGKILL); }

  /// Runs the command until it answers; false when it does not, or ended by itself.
  bool start(std::vector<std::string> command, const std::function<bool()>& answers) {
    std::vector<char*> pointers;
    for (auto& argument : command) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    const auto parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // also when the test crashes
      if (::getppid() != parent) ::_exit(127);
      ::execv(pointers[0], pointers.data());
      ::_exit(127);
    }
    return eventually([&] { return answers() || has_ended(); }) && pid_ > 0;
  }

  [[nodiscard]] bool running() const noexcept { return pid_ > 0; }

  void end_with(int signal) {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGCONT);
    ::kill(pid_, signal);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  /// It hangs: connections stay, nothing is read or answered.
  void freeze() const {
    ::kill(pid_, SIGSTOP);
    ::waitpid(pid_, nullptr, WUNTRACED);
  }
  void thaw() const { ::kill(pid_, SIGCONT); }
  void send(int signal) const { ::kill(pid_, signal); }

 private:
  [[nodiscard]] bool has_ended() {
    if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
    return pid_ <= 0;
  }

  pid_t pid_ = -1;
};

}  // namespace trellis::test
