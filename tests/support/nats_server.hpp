// A real nats-server for one test: loopback, a free port, gone when the test ends.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "support/server_process.hpp"
#include "support/temp_dir.hpp"
#include "trellis/lattice_options.hpp"

namespace trellis::test {

/// Where scripts/setup.sh or the system put the server; empty when nowhere.
inline std::string find_nats_server() {
  return find_server("NATS_SERVER", TRELLIS_NATS_SERVER, "nats-server", "usr/sbin/nats-server");
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
    if (binary_.empty() || process_.running()) return;
    std::vector<std::string> command = {
        binary_, "-a", "127.0.0.1", "-p", std::to_string(port_), "-l", log_path()};
    if (has_config_) command.insert(command.end(), {"-c", config_path()});
    EXPECT_TRUE(process_.start(std::move(command), [this] { return answers(); }))
        << "nats-server does not start:\n"
        << log();
  }

  /// The machine it runs on loses power.
  void kill() { process_.end_with(SIGKILL); }
  /// It is asked to stop.
  void stop() { process_.end_with(SIGTERM); }
  void restart() {
    kill();
    start();
  }
  /// It hangs: connections stay, nothing is read or answered.
  void freeze() const { process_.freeze(); }
  void thaw() const { process_.thaw(); }
  /// It is about to end: clients are asked to leave, and dropped after some time (lame duck mode).
  void retire() const { process_.send(SIGUSR2); }

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

  const TempDir folder_;
  const std::string binary_;
  const std::uint16_t port_;
  bool has_config_ = false;
  ServerProcess process_;
};

}  // namespace trellis::test
