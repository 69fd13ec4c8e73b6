// Opening of a session: from a TCP connection to one that the server has accepted.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "base/deadline.hpp"
#include "base/guard.hpp"
#include "base/limits.hpp"
#include "nats/session.hpp"

namespace trellis::nats {
namespace {

constexpr auto not_nats_remedy =
    "correct the address; a server that ends the connection after TLS began may want a client "
    "certificate";

std::unexpected<Error> because(ErrorCode code, std::string_view reason, const Error& cause,
                               std::string remedy) {
  return fail(code, fmt::format("{}: {}", reason, cause.message), std::move(remedy));
}

/// Error from what the server said, or from how the connection ended, before it had accepted us.
std::unexpected<Error> not_greeted(const Error& cause) {
  switch (cause.code) {
    case ErrorCode::denied:
      return because(
          cause.code, "the server refuses these credentials", cause,
          "check user, password, token, seed or credentials file, and whether they expired");
    case ErrorCode::malformed:
      return because(cause.code, "what answers there does not speak NATS", cause, not_nats_remedy);
    default: return because(ErrorCode::unavailable, "connecting fails", cause, not_nats_remedy);
  }
}

std::unexpected<Error> no_tls(const Error& cause) {
  return because(ErrorCode::unavailable, "TLS fails", cause,
                 "check the certificate authority, the name in the server's certificate, and "
                 "whether the server wants a client certificate");
}

/// Weight of an error when several servers fail: that none answers says least.
int weight_of(const Error& error) {
  if (error.code == ErrorCode::denied) return 2;
  return error.message.starts_with("no server answers") ? 0 : 1;
}

template <class T>
void shuffle(std::vector<T>& items, Random& random) {
  for (auto left = items.size(); left > 1; --left) {
    std::array<std::uint8_t, 2> bytes{};
    random.fill(bytes);
    std::swap(items[left - 1], items[(bytes[0] * 256U + bytes[1]) % left]);
  }
}

bool is_address(const std::string& host) {
  return host.contains(':') || host.find_first_not_of("0123456789.") == std::string::npos;
}

/// Name that the certificate must prove. Members of a cluster are told by address; their
/// certificates name what the user named.
std::string name_to_prove(const ConnectOptions& options, const ServerUrl& server) {
  const auto same = [&](const ServerUrl& one) { return one.shown == server.shown; };
  if (!is_address(server.host) || std::ranges::any_of(options.servers, same)) return server.host;
  for (const auto& one : options.servers) {
    if (!is_address(one.host)) return one.host;
  }
  return server.host;
}

}  // namespace

Result<std::shared_ptr<Session>> Session::open(ConnectOptions& options, std::uint64_t number,
                                               const Events& events, Random& random, const Log& log,
                                               std::shared_ptr<const Clock> clock) {
  // Configured servers come before learned ones, each in an order of chance.
  std::vector<ServerUrl> servers = options.servers;
  shuffle(servers, random);
  auto learned = options.learned;
  shuffle(learned, random);
  servers.insert(servers.end(), learned.begin(), learned.end());
  Error worst{ErrorCode::unavailable, "no server answers", {}};
  int weight = -1;
  for (const auto& server : servers) {
    auto session = open_one(options, server, number, events, log, clock);
    if (session) return session;
    // Error that says most is kept: "refused" from one server matters more than another one that is
    // away.
    if (weight_of(session.error()) <= weight) continue;
    weight = weight_of(session.error());
    worst = std::move(session.error());
  }
  worst.message.insert(0, fmt::format("NATS at {}: ", shown(options.servers)));
  return std::unexpected(std::move(worst));
}

Result<std::shared_ptr<Session>> Session::open_one(ConnectOptions& options, const ServerUrl& server,
                                                   std::uint64_t number, const Events& events,
                                                   const Log& log,
                                                   std::shared_ptr<const Clock> clock) {
  std::shared_ptr<Session> session(new Session(server, number, events, log, std::move(clock)));
  if (!session->wake_) return fail(ErrorCode::busy, "no descriptor for a connection");
  const auto deadline = deadline_in(options.connect_timeout);
  auto stream =
      tcp::Stream::connect(server.host, server.port, session->wake_.get(), deadline, options.use);
  if (!stream) {
    return because(ErrorCode::unavailable, "no server answers", stream.error(),
                   "start nats-server there, or correct the address");
  }
  session->stream_.emplace(std::move(*stream));
  session->outbox_.emplace(*session->stream_, *session->clock_,
                           [raw = session.get()](const Error& error) {
                             survived([&] { raw->mark_lost(error.message); });
                           });
  if (auto greeted = session->greet(options, deadline); !greeted) return pass(greeted);
  // Thread starts only now: the handshake is read here, on the thread that connects.
  session->start();
  return session;
}

template <class Until>
Result<void> Session::read_until(const Until& until, SteadyTime deadline) {
  while (!until()) {
    if (auto done = read(deadline); !done) {
      const bool silent = done.error().code == ErrorCode::deadline && !info_;
      if (!silent) return not_greeted(done.error());
      return because(ErrorCode::unavailable, "no server answers", done.error(),
                     "start nats-server there, or correct the address");
    }
    if (ended_by_server_) return not_greeted(refusal_);
  }
  return {};
}

Result<void> Session::greet(ConnectOptions& options, SteadyTime deadline) {
  // Order of the protocol: the server speaks first, TLS comes before CONNECT so that no secret goes
  // in the clear, and the PONG says that CONNECT was accepted.
  if (auto told = read_until([&] { return info_.has_value(); }, deadline); !told) return told;
  take_limits();
  const bool encrypted = options.wants_tls || info_->tls_required;
  if (encrypted) {
    if (auto secured = secure(options, deadline); !secured) return secured;
  }
  auto greeting = options.greeting(*info_, encrypted);
  if (!greeting) return pass(greeting);
  if (auto done = outbox_->send(*greeting + "PING\r\n"); !done) return not_greeted(done.error());
  return read_until([&] { return greeted_; }, deadline);
}

Result<void> Session::secure(ConnectOptions& options, SteadyTime deadline) {
  if (!info_->tls_required && !info_->tls_available) {
    return fail(ErrorCode::unavailable, "TLS is required, and the server does not offer it",
                "switch TLS on in the server, or do not require it");
  }
  // Bytes that came in the clear behind INFO could be anybody's, and would count as said over TLS.
  if (begin_ != end_) {
    return not_greeted({ErrorCode::malformed, "the server goes on in the clear", {}});
  }
  auto tls = options.tls();
  if (!tls) return no_tls(tls.error());
  auto done = stream_->encrypt(**tls, name_to_prove(options, server_), deadline);
  if (!done) return no_tls(done.error());
  return {};
}

void Session::take_limits() {
  constexpr auto most = static_cast<std::int64_t>(limits::nats_most_payload_bytes);
  const auto told = info_->max_payload;
  // Limit of the server is cut to our own, so that no buffer here depends on its word.
  max_payload_ = static_cast<std::size_t>(std::clamp<std::int64_t>(told, 0, most));
  if (told > 0) return;
  log_.warn("{} says it takes payloads of {} bytes at most: nothing can be sent to it", server(),
            told);
}

}  // namespace trellis::nats
