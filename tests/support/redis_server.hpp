// A real redis-server for one test: nothing on disk but its log.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "providers/redis/connection.hpp"
#include "providers/redis/values.hpp"
#include "support/loopback_server.hpp"

namespace trellis::test {

/// One thread. Starts at once.
class RedisServer : public LoopbackServer {
 public:
  using Arguments = std::vector<std::string>;

  /// `options` as on its command line: {"--requirepass", "secret"}.
  explicit RedisServer(Arguments options = {})
      : LoopbackServer("redis-server", find_server("REDIS_SERVER", TRELLIS_REDIS_SERVER,
                                                   "redis-server", "usr/bin/redis-server")),
        options_(std::move(options)) {
    start();
  }

  void start() {
    Arguments arguments = {
        "--bind",       "127.0.0.1", "--port", std::to_string(port()), "--save",    "",
        "--appendonly", "no",        "--dir",  folder().string(),      "--logfile", log_path(),
        "--databases",  "4"};
    arguments.insert(arguments.end(), options_.begin(), options_.end());
    launch(std::move(arguments), [this] { return answers(); });
  }

  void restart() {
    kill();
    start();
  }
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
    auto connection = providers::redis::Connection::open({"127.0.0.1", port(), "", "", database},
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

 private:
  /// An error answer is one too: it may want a password.
  [[nodiscard]] bool answers() const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    auto connection =
        providers::redis::Connection::open({"127.0.0.1", port(), "", "", 0}, nullptr, -1, deadline);
    return connection && connection->ask({"PING"}, deadline);
  }

  const Arguments options_;
};

}  // namespace trellis::test
