#include "providers/redis/connection.hpp"

#include <hiredis/hiredis.h>

#include <array>
#include <climits>
#include <memory>
#include <string>
#include <utility>

#include "base/call_limits.hpp"
#include "providers/redis/refusal.hpp"
#include "providers/redis/values.hpp"

namespace trellis::providers::redis {

namespace {

// Memory of the library, which must be given back to the library.
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
  // Head of an element on the wire: '$', up to 20 digits, and line ends before and after its bytes.
  constexpr std::size_t head_bytes = 32;
  std::size_t bytes = head_bytes;
  for (const std::string_view part : command) bytes += part.size() + head_bytes;
  return bytes <= INT_MAX;
}

/// Answer to a command of the login. A server that is loading or has no master is not a wrong
/// password: it keeps its own words and may be tried again.
[[nodiscard]] Result<void> accepted(const Result<Reply>& reply) {
  if (!reply) return pass(reply);
  if (const auto refusal = refusal_of(*reply); retires_connection(refusal)) {
    return refused(refusal, *reply);
  }
  auto answer = done(*reply);
  if (answer) return {};
  return fail(ErrorCode::denied, std::move(answer.error().message),
              "check user, password and database in URL");
}

// Remedy for a server that could not be connected to.
[[nodiscard]] std::unexpected<Error> not_reached(Error error) {
  if (error.code == ErrorCode::unavailable) {
    error.remedy = "check that the server runs and that URL names it";
  }
  return std::unexpected(std::move(error));
}

// Remedy for a TLS handshake that failed: most often a server in the clear, or an authority of the
// user's own.
[[nodiscard]] std::unexpected<Error> not_encrypted(Error error) {
  if (error.code == ErrorCode::unavailable) {
    error.remedy = "check that the server speaks TLS at this port; redis:// is the clear one";
  } else if (error.code == ErrorCode::denied) {
    error.remedy =
        "name the authority that signed it: TLS_CA of the link, a PEM file; the certificate must "
        "be for the host in URL";
  }
  return std::unexpected(std::move(error));
}

}  // namespace

Result<Connection> Connection::open(const Address& address, const tcp::TlsContext* tls, int wake,
                                    SteadyTime deadline, DescriptorUse use) {
  auto stream = tcp::Stream::connect(address.host, address.port, wake, deadline, use);
  if (!stream) return not_reached(std::move(stream.error()));
  if (tls != nullptr) {
    auto encrypted = stream->encrypt(*tls, address.host, deadline);
    if (!encrypted) return not_encrypted(std::move(encrypted.error()));
  }
  Connection connection(std::move(*stream));
  if (auto entered = connection.enter(address, deadline); !entered) return pass(entered);
  return connection;
}

Result<void> Connection::enter(const Address& address, SteadyTime deadline) {
  // Login comes first: a server with a password answers nothing else before.
  if (!address.password.empty()) {
    Command login = {"AUTH", address.user, address.password};
    if (address.user.empty()) login.erase(login.begin() + 1);  // also before version 6
    if (auto done = accepted(ask(login, deadline)); !done) return done;
  }
  // Database 0 is every connection's first; not asking for it spares users a right (SELECT) and a
  // turn.
  if (address.database == 0) return {};
  return accepted(ask({"SELECT", std::to_string(address.database)}, deadline));
}

Result<Reply> Connection::ask(const Command& command, SteadyTime deadline) {
  if (!fits(command)) return fail(ErrorCode::limit, "the command is too large for Redis");
  const auto [text, size] = format(command);
  if (!text) return fail(ErrorCode::limit, "no memory for the command");
  broken_ = true;  // until the answer is there
  if (auto sent = stream_.send({text.get(), size}, deadline); !sent) return pass(sent);
  auto reply = receive(deadline);
  if (!reply) return reply;
  broken_ = reader_.has_rest();  // what nobody asked for would be taken for the next answer
  return reply;
}

Result<Reply> Connection::receive(SteadyTime deadline) {
  std::array<std::uint8_t, 16 * limits::kib> buffer;
  while (true) {
    auto reply = reader_.next();
    if (!reply) return pass(reply);
    if (*reply) return std::move(**reply);
    const auto size = stream_.receive(buffer, deadline);
    if (!size) return pass(size);
    if (auto fed = reader_.feed(ByteView(buffer).first(*size)); !fed) return pass(fed);
  }
}

bool Connection::usable() noexcept {
  return !broken_ && stream_.is_quiet();
}

}  // namespace trellis::providers::redis
