// A real nats-server for one test: loopback, a free port, gone when the test ends.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/descriptor.hpp"
#include "base/text.hpp"
#include "support/temp_dir.hpp"
#include "trellis/lattice_options.hpp"

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

/// A port nobody listens on now.
inline std::uint16_t free_port() {
  return port_of(listen_on(0));
}

/// Where scripts/setup.sh or the system put the server; empty when nowhere.
inline std::string find_nats_server() {
  std::vector<std::string> places;
  if (const char* given = std::getenv("NATS_SERVER")) places.emplace_back(given);
  places.emplace_back(TRELLIS_NATS_SERVER);
  const char* path = std::getenv("PATH");
  for (const auto folder : split(path == nullptr ? "" : path, ':')) {
    places.push_back(std::string(folder) + "/nats-server");
  }
  places.emplace_back(TRELLIS_SOURCE_DIR "/build/deps/servers/usr/sbin/nats-server");
  for (const auto& place : places) {
    if (!place.empty() && ::access(place.c_str(), X_OK) == 0) return place;
  }
  return {};
}

/// Starts at once unless told otherwise. One thread.
class NatsServer {
 public:
  enum class Start { now, later };

  /// `config` is the text of a configuration file; empty for none.
  explicit NatsServer(std::string_view config = {}, Start when = Start::now)
      : binary_(find_nats_server()), port_(free_port()) {
    if (binary_.empty()) {
      ADD_FAILURE() << "nats-server is not installed: run scripts/setup.sh test";
      return;
    }
    configure(config);
    if (when == Start::now) start();
  }
  NatsServer(const NatsServer&) = delete;
  NatsServer& operator=(const NatsServer&) = delete;
  ~NatsServer() {
    kill();
    if (testing::Test::HasFailure()) std::cerr << "--- nats-server\n" << log() << "---\n";
  }

  /// What the next start() uses.
  void configure(std::string_view config) {
    std::ofstream(config_path()) << config;
    has_config_ = !config.empty();
  }

  void start() {
    if (binary_.empty() || pid_ > 0) return;
    std::vector<std::string> arguments = {
        binary_, "-a", "127.0.0.1", "-p", std::to_string(port_), "-l", log_path()};
    if (has_config_) arguments.insert(arguments.end(), {"-c", config_path()});
    std::vector<char*> pointers;
    for (auto& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    const auto parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // also when the test crashes
      if (::getppid() != parent) ::_exit(127);
      ::execv(pointers[0], pointers.data());
      ::_exit(127);
    }
    EXPECT_TRUE(eventually([this] { return answers() || has_ended(); }) && pid_ > 0)
        << "nats-server does not start:\n"
        << log();
  }

  /// The machine it runs on loses power.
  void kill() { end_with(SIGKILL); }
  /// It is asked to stop.
  void stop() { end_with(SIGTERM); }
  void restart() {
    kill();
    start();
  }
  /// It hangs: connections stay, nothing is read or answered.
  void freeze() const {
    ::kill(pid_, SIGSTOP);
    ::waitpid(pid_, nullptr, WUNTRACED);
  }
  void thaw() const { ::kill(pid_, SIGCONT); }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  /// Options that reach it, with attempts that fail fast.
  [[nodiscard]] NatsOptions options() const {
    NatsOptions options;
    options.servers = {address()};
    return options;
  }
  [[nodiscard]] std::string log() const {
    std::ostringstream text;
    text << std::ifstream(log_path()).rdbuf();
    return text.str();
  }
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_.path(); }

 private:
  [[nodiscard]] std::string config_path() const { return (folder() / "server.conf").string(); }
  [[nodiscard]] std::string log_path() const { return (folder() / "server.log").string(); }

  [[nodiscard]] bool answers() const {
    const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto to = loopback(port_);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
      return false;
    }
    pollfd ready{socket.get(), POLLIN, 0};
    char first[5] = "";
    return ::poll(&ready, 1, 5000) == 1 && ::recv(socket.get(), first, 4, 0) == 4 &&
           std::string_view(first) == "INFO";
  }

  [[nodiscard]] bool has_ended() {
    if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
    return pid_ <= 0;
  }

  void end_with(int signal) {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGCONT);
    ::kill(pid_, signal);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

  const TempDir folder_;
  const std::string binary_;
  const std::uint16_t port_;
  bool has_config_ = false;
  pid_t pid_ = -1;
};

}  // namespace trellis::test
