#include "providers/redis/pool.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "providers/redis/refusal.hpp"
#include "providers/redis/values.hpp"

namespace trellis::providers::redis {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// Pauses after a failed connect: a server that restarts is found again within a second, and one
// that is gone is not asked by every call.
constexpr milliseconds first_pause{50};
constexpr milliseconds longest_pause{1000};
// Idle time below what firewalls and servers (`timeout`) usually close silently.
constexpr std::chrono::seconds longest_idle{60};
// Time of one health round of a host (contracts.md 2.3): each refusal is seen by one, and none for
// long after it ended.
constexpr std::chrono::seconds refusals_count{30};

[[nodiscard]] Descriptor make_event() {
  Descriptor event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event) throw std::system_error(errno, std::system_category(), "eventfd");
  return event;
}

}  // namespace

Pool::Pool(Settings settings, std::shared_ptr<const tcp::TlsContext> tls)
    : settings_(std::move(settings)), tls_(std::move(tls)), wake_(make_event()) {}

Result<Connection> Pool::open(int wake, SteadyTime deadline) const {
  return Connection::open(settings_.address, tls_.get(), wake, deadline, settings_.use);
}

Error Pool::named(Error error) const {
  // Cancelled means that the provider stops: that is not the server's fault, so that it is not
  // named.
  if (error.code == ErrorCode::cancelled) {
    return {ErrorCode::cancelled, "the provider is stopping", {}};
  }
  if (error.code == ErrorCode::deadline) {
    error.remedy = "check the server, or raise the timeouts of the link";
  }
  error.message = fmt::format("Redis at {}: {}", settings_.address.shown(), error.message);
  return error;
}

Result<Reply> Pool::ask(const Command& command, SteadyTime deadline) {
  auto reply = exchange(command, false, deadline);
  if (!reply) return reply;
  const auto refusal = refusal_of(*reply);
  if (refusal != Refusal::none) {
    return std::unexpected(named(refused(refusal, *reply).error()));
  }
  note_success(command);
  return reply;
}

Error Pool::note_refusal(const Command& command, Error error) {
  const MutexLock lock(mutex_);
  refused_ = Refused{std::string(command.front()), error, Clock::now()};
  return error;
}

void Pool::note_success(const Command& command) {
  const MutexLock lock(mutex_);
  // Same command only: a replica carries out GET all the time, which says nothing about the SET it
  // refused.
  if (refused_ && refused_->command == command.front()) refused_.reset();
}

Result<void> Pool::refuses() const {
  const MutexLock lock(mutex_);
  if (!refused_ || Clock::now() - refused_->since > refusals_count) return {};
  return std::unexpected(refused_->error);
}

Result<void> Pool::ping(SteadyTime deadline) {
  // Insisting, for a health check that fails because all connections are busy, or because of a
  // pause, would report the load as an outage.
  auto reply = exchange({"PING"}, true, deadline);
  if (!reply) return pass(reply);
  // A user who may not ask that was answered.
  if (refusal_of(*reply) == Refusal::forbidden) return {};
  if (auto answer = done(*reply); !answer) return std::unexpected(named(answer.error()));
  return {};
}

Result<Reply> Pool::exchange(const Command& command, bool insist, SteadyTime deadline) {
  constexpr std::array<milliseconds, 3> pauses{milliseconds(0), milliseconds(50),
                                               milliseconds(100)};
  for (std::size_t attempt = 0;; ++attempt) {
    auto reply = exchange_once(command, insist, deadline);
    // Broken connections are not tried again: the server may have carried out the command, and Add
    // twice is wrong. Only a refusal proves that nothing was done.
    if (!reply) return reply;
    const auto refusal = refusal_of(*reply);
    if (!retires_connection(refusal)) return reply;
    // Idle connections lead to the same server that just refused; keeping them would refuse the
    // next calls one by one.
    give_up_idle();
    // Another server may be behind the address by now; the same one needs time.
    const std::size_t most = refusal == Refusal::not_ready ? pauses.size() : 1;
    if (attempt >= most || !wait(pauses.at(attempt), deadline)) {
      return std::unexpected(note_refusal(command, named(refused(refusal, *reply).error())));
    }
  }
}

Result<Reply> Pool::exchange_once(const Command& command, bool insist, SteadyTime deadline) {
  // Connection goes back on every path, also when the answer is an error: give_back keeps it only
  // if it is usable and counts it out otherwise.
  auto connection = take(insist, deadline);
  if (!connection) return std::unexpected(named(std::move(connection.error())));
  auto reply =
      connection->ask(command, std::min(deadline, Clock::now() + settings_.command_timeout));
  if (reply && retires_connection(refusal_of(*reply))) connection->retire();
  give_back(std::move(*connection));
  if (!reply) return std::unexpected(named(std::move(reply.error())));
  return reply;
}

bool Pool::wait(milliseconds time, SteadyTime deadline) {
  const auto end = Clock::now() + time;
  MutexLock lock(mutex_);
  // Condition of its own: `freed_` is notified for each connection, which must not be spent on a
  // sleeper.
  ended_.wait_until(lock, std::min(end, deadline), [&]() REQUIRES(mutex_) { return stopped_; });
  return !stopped_ && end < deadline;
}

void Pool::give_up_idle() {
  const MutexLock lock(mutex_);
  idle_.clear();
}

Result<Connection> Pool::take(bool insist, SteadyTime deadline) {
  {
    MutexLock lock(mutex_);
    // Waiting for a free place comes before any connection is opened: the bound holds for
    // connections being made too.
    const auto free = [&]() REQUIRES(mutex_) {
      return stopped_ || insist || in_use_ < settings_.connections;
    };
    if (!freed_.wait_until(lock, deadline, free)) {
      return fail(ErrorCode::busy,
                  fmt::format("all {} connections are in use", settings_.connections),
                  "raise CONNECTIONS of the link, or call less at a time");
    }
    if (stopped_) return fail(ErrorCode::cancelled, "the provider is stopping");
    if (auto connection = take_idle()) {
      ++in_use_;
      return std::move(*connection);
    }
    if (auto allowed = may_connect(); !insist && !allowed) return pass(allowed);
    // Place is taken before the lock is left, and given up by connect() if it fails; connecting
    // itself is outside the lock, for it may take seconds.
    ++in_use_;
  }
  return connect(deadline);
}

Result<Connection> Pool::connect(SteadyTime deadline) {
  const auto patient = Clock::now() + settings_.connect_timeout;
  auto connection = open(wake_.get(), std::min(deadline, patient));
  const MutexLock lock(mutex_);
  if (connection) {
    pause_ = {};
    next_attempt_ = {};
  } else {
    // A caller in a hurry says nothing about the server.
    const bool hurried = connection.error().code == ErrorCode::deadline && deadline < patient;
    if (!hurried) note_failure(connection.error());
    leave();
  }
  return connection;
}

void Pool::note_failure(const Error& error) {
  last_failure_ = error;
  const auto now = Clock::now();
  // Failures of attempts that ran at the same time count once; else ten callers would double the
  // pause ten times.
  if (now < next_attempt_) return;  // several failed at the same time
  pause_ = std::clamp(pause_ * 2, first_pause, longest_pause);
  next_attempt_ = now + pause_;
}

Result<void> Pool::may_connect() const {
  if (Clock::now() >= next_attempt_) return {};
  return std::unexpected(last_failure_);
}

std::optional<Connection> Pool::take_idle() {
  const auto stale = Clock::now() - longest_idle;
  std::erase_if(idle_, [&](const Idle& each) { return each.since < stale; });
  // Last used first: the others grow old together and are closed, so that the number of connections
  // follows the load.
  while (!idle_.empty()) {
    Connection connection = std::move(idle_.back().connection);
    idle_.pop_back();
    if (connection.usable()) return connection;
  }
  return std::nullopt;
}

void Pool::give_back(Connection connection) {
  // Looked at before the lock: it is a system call.
  const bool usable = connection.usable();
  const MutexLock lock(mutex_);
  leave();
  // More than the bound can be in use after a ping that insisted; the surplus is closed here. The
  // connection dies with the argument, outside any list.
  if (!usable || stopped_ || idle_.size() + in_use_ >= settings_.connections) return;
  idle_.push_back({std::move(connection), Clock::now()});
}

void Pool::leave() {
  --in_use_;
  freed_.notify_one();
}

void Pool::shut_down() noexcept {
  // Event first, and never reset: threads inside a connect or a read hold no lock and wake by the
  // descriptor, those in line wake by the conditions below.
  static_cast<void>(::eventfd_write(wake_.get(), 1));
  const MutexLock lock(mutex_);
  stopped_ = true;
  idle_.clear();
  freed_.notify_all();
  ended_.notify_all();
}

}  // namespace trellis::providers::redis
