// A real nats-server for one test: loopback, a free port, gone when the test ends.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "support/loopback_server.hpp"
#include "trellis/lattice_options.hpp"

namespace trellis::test {

/// Where scripts/setup.sh or the system put the server; empty when nowhere.
inline std::string find_nats_server() {
  return find_server("NATS_SERVER", TRELLIS_NATS_SERVER, "nats-server", "usr/sbin/nats-server");
}

/// Starts at once unless told otherwise. One thread.
class NatsServer : public LoopbackServer {
 public:
  enum class Start { now, later };

  /// `config` is the text of a configuration file; empty for none.
  explicit NatsServer(std::string_view config = {}, Start when = Start::now)
      : LoopbackServer("nats-server", find_nats_server()) {
    configure(config);
    if (when == Start::now) start();
  }

  /// What the next start() uses.
  void configure(std::string_view config) {
    std::ofstream(config_path()) << config;
    has_config_ = !config.empty();
  }

  void start() {
    std::vector<std::string> arguments = {"-a", "127.0.0.1", "-p", std::to_string(port()),
                                          "-l", log_path()};
    if (has_config_) arguments.insert(arguments.end(), {"-c", config_path()});
    launch(std::move(arguments), [this] { return answers(); });
  }

  /// It is asked to stop.
  void stop() { end_with(SIGTERM); }
  void restart() {
    kill();
    start();
  }
  /// It is about to end: clients are asked to leave, and dropped after some time (lame duck mode).
  void retire() const { send(SIGUSR2); }

  /// Options that reach it, with attempts that fail fast.
  [[nodiscard]] NatsOptions options() const {
    NatsOptions options;
    options.servers = {address()};
    return options;
  }

 private:
  [[nodiscard]] std::string config_path() const { return (folder() / "server.conf").string(); }

  [[nodiscard]] bool answers() const {
    const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto to = loopback(port());
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
      return false;
    }
    pollfd ready{socket.get(), POLLIN, 0};
    char first[5] = "";
    return ::poll(&ready, 1, 5000) == 1 && ::recv(socket.get(), first, 4, 0) == 4 &&
           std::string_view(first) == "INFO";
  }

  bool has_config_ = false;
};

}  // namespace trellis::test
