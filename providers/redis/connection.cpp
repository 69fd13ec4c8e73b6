#include "providers/redis/connection.hpp"

#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <climits>
#include <memory>
#include <string>
#include <utility>

#include "base/call_limits.hpp"
#include "providers/redis/socket.hpp"
#include "providers/redis/values.hpp"

namespace trellis::providers::redis {

namespace {

using Formatted = std::unique_ptr<char, decltype(&redisFreeCommand)>;

/// The command as the protocol has it; empty when there is no memory for it.
[[nodiscard]] std::pair<Formatted, std::size_t> format(const Command& command) {
  std::vector<const char*> parts;
  std::vector<std::size_t> sizes;
  for (const std::string_view part : command) {
    parts.push_back(part.data());
    sizes.push_back(part.size());
  }
  char* text = nullptr;
  const int size =
      redisFormatCommandArgv(&text, static_cast<int>(parts.size()), parts.data(), sizes.data());
  return {Formatted(size < 0 ? nullptr : text, &redisFreeCommand),
          static_cast<std::size_t>(size < 0 ? 0 : size)};
}

/// The library counts a command in an int.
[[nodiscard]] bool fits(const Command& command) {
  constexpr std::size_t head_bytes = 32;
  std::size_t bytes = head_bytes;
  for (const std::string_view part : command) bytes += part.size() + head_bytes;
  return bytes <= INT_MAX;
}

[[nodiscard]] std::unexpected<Error> lost(std::string why) {
  return fail(ErrorCode::unavailable, std::move(why),
              "check the server; whether it carried out the command is unknown");
}

/// An error answer to a command of the login.
[[nodiscard]] Result<> accepted(const Result<Reply>& reply) {
  if (!reply) return std::unexpected<Error>(reply.error());
  auto answer = done(*reply);
  if (answer) return {};
  return fail(ErrorCode::denied, std::move(answer.error().message),
              "check user, password and database in URL");
}

}  // namespace

Result<Connection> Connection::open(const Address& address, int wake, SteadyTime deadline) {
  auto socket = connect_to(address.host, address.port, wake, deadline);
  if (!socket) return pass(socket);
  Connection connection(std::move(*socket), wake);
  if (auto entered = connection.enter(address, deadline); !entered) return pass(entered);
  return connection;
}

Result<> Connection::enter(const Address& address, SteadyTime deadline) {
  if (!address.password.empty()) {
    Command login = {"AUTH", address.user, address.password};
    if (address.user.empty()) login.erase(login.begin() + 1);  // also before version 6
    if (auto done = accepted(ask(login, deadline)); !done) return done;
  }
  if (address.database == 0) return {};
  return accepted(ask({"SELECT", std::to_string(address.database)}, deadline));
}

Result<Reply> Connection::ask(const Command& command, SteadyTime deadline) {
  if (!fits(command)) return fail(ErrorCode::limit, "the command is too large for Redis");
  const auto [text, size] = format(command);
  if (!text) return fail(ErrorCode::limit, "no memory for the command");
  broken_ = true;  // until the answer is there
  if (auto sent = send({text.get(), size}, deadline); !sent) return pass(sent);
  auto reply = receive(deadline);
  if (!reply) return reply;
  broken_ = reader_.has_rest();  // what nobody asked for would be taken for the next answer
  return reply;
}

Result<> Connection::send(std::string_view bytes, SteadyTime deadline) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return lost(system_text(errno));
    if (auto ready = wait_for(socket_.get(), POLLOUT, wake_, deadline); !ready) return ready;
  }
  return {};
}

Result<Reply> Connection::receive(SteadyTime deadline) {
  std::array<std::uint8_t, 16 * limits::kib> buffer;
  while (true) {
    auto reply = reader_.next();
    if (!reply) return pass(reply);
    if (*reply) return std::move(**reply);
    if (auto ready = wait_for(socket_.get(), POLLIN, wake_, deadline); !ready) return pass(ready);
    const auto size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size == 0) return lost("the server closed the connection");
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size < 0) return lost(system_text(errno));
    auto fed = reader_.feed(ByteView(buffer).first(static_cast<std::size_t>(size)));
    if (!fed) return pass(fed);
  }
}

bool Connection::usable() const noexcept {
  if (broken_) return false;
  std::uint8_t byte = 0;
  const auto size = ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace trellis::providers::redis
