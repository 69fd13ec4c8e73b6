// A real redis-server for one test: loopback, a free port, nothing on disk but its log, gone when
// the test ends.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "providers/redis/connection.hpp"
#include "providers/redis/values.hpp"
#include "support/server_process.hpp"
#include "support/temp_dir.hpp"

namespace trellis::test {

/// One thread. Starts at once.
class RedisServer {
 public:
  using Arguments = std::vector<std::string>;

  /// `options` as on its command line: {"--requirepass", "secret"}.
  explicit RedisServer(Arguments options = {})
      : binary_(find_server("REDIS_SERVER", TRELLIS_REDIS_SERVER, "redis-server",
                            "usr/bin/redis-server")),
        port_(free_port()),
        options_(std::move(options)) {
    if (binary_.empty()) {
      ADD_FAILURE() << "redis-server is not installed: run scripts/setup.sh test";
      return;
    }
    start();
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  ~RedisServer() {
    kill();
    if (testing::Test::HasFailure()) std::cerr << "--- redis-server\n" << log() << "---\n";
  }

  void start() {
    if (binary_.empty() || process_.running()) return;
    const auto folder = folder_.path().string();
    Arguments command = {
        binary_,  "--bind",    "127.0.0.1",    "--port",      std::to_string(port_),
        "--save", "",          "--appendonly", "no",          "--dir",
        folder,   "--logfile", log_path(),     "--databases", "4"};
    command.insert(command.end(), options_.begin(), options_.end());
    EXPECT_TRUE(process_.start(std::move(command), [this] { return answers(); }))
        << "redis-server does not start:\n"
        << log();
  }

  void kill() { process_.end_with(SIGKILL); }
  void restart() {
    kill();
    start();
  }
  /// It hangs: connections stay, nothing is read or answered.
  void freeze() const { process_.freeze(); }
  void thaw() const { process_.thaw(); }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string url(std::string_view database = "") const {
    return "redis://" + address() + "/" + std::string(database);
  }
  /// The same for a user of its own.
  [[nodiscard]] std::string url_of(std::string_view user, std::string_view password) const {
    return "redis://" + std::string(user) + ":" + std::string(password) + "@" + address();
  }

  /// The answer to a command on a connection of its own, and a failed test when there is none.
  providers::redis::Reply ask(std::initializer_list<std::string_view> command,
                              std::uint32_t database = 0) const {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    auto connection = providers::redis::Connection::open({"127.0.0.1", port_, "", "", database},
                                                         nullptr, -1, deadline);
    if (!connection) {
      ADD_FAILURE() << "no connection: " << connection.error().message;
      return {};
    }
    auto reply = connection->ask(command, deadline);
    if (!reply) {
      ADD_FAILURE() << "no answer: " << reply.error().message;
      return {};
    }
    EXPECT_NE(reply->kind, providers::redis::Reply::Kind::error) << reply->text;
    return std::move(*reply);
  }
  /// Connections of others.
  [[nodiscard]] std::size_t clients() const {
    const std::string list = ask({"CLIENT", "LIST"}).text;
    return static_cast<std::size_t>(std::ranges::count(list, '\n')) - 1;
  }
  /// What expires on the server does so by that much earlier, as if the time had passed.
  void advance(std::chrono::milliseconds time) const {
    for (const auto& key : ask({"KEYS", "*"}).elements) {
      const auto left = ask({"PTTL", key.text}).integer;
      if (left < 0) continue;
      ask({"PEXPIRE", key.text, std::to_string(std::max<std::int64_t>(0, left - time.count()))});
    }
  }

  [[nodiscard]] std::string log() const {
    std::ostringstream text;
    text << std::ifstream(log_path()).rdbuf();
    return text.str();
  }

 private:
  [[nodiscard]] std::string log_path() const { return (folder_.path() / "server.log").string(); }

  /// An error answer is one too: it may want a password.
  [[nodiscard]] bool answers() const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    auto connection =
        providers::redis::Connection::open({"127.0.0.1", port_, "", "", 0}, nullptr, -1, deadline);
    return connection && connection->ask({"PING"}, deadline);
  }

  const TempDir folder_;
  const std::string binary_;
  const std::uint16_t port_;
  const Arguments options_;
  ServerProcess process_;
};

}  // namespace trellis::test
