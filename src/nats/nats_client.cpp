#include "nats/nats_client.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/deadline.hpp"
#include "base/guard.hpp"
#include "base/limits.hpp"
#include "nats/subject_check.hpp"

namespace trellis::nats {
namespace {

/// Error of whatever is asked for after close().
Error closed_error() {
  return {ErrorCode::cancelled, "the lattice connection is closed", ""};
}

}  // namespace

NatsClient::NatsClient(ConnectOptions options, Log log, std::shared_ptr<const Clock> clock)
    : log_(std::move(log)),
      clock_(std::move(clock)),
      options_(std::move(options)),
      inbox_prefix_(fmt::format("{}.{}.", options_.inbox_prefix, make_nuid(random_))),
      requests_(PendingRequests::make(
          [this](std::uint64_t connection) { return late_error(connection); }, clock_)),
      max_payload_(limits::nats_payload_bytes),
      log_limit_(limits::nats_log_interval) {}

std::shared_ptr<NatsClient> NatsClient::start(ConnectOptions options, Log log,
                                              std::shared_ptr<const Clock> clock) {
  std::shared_ptr<NatsClient> client(
      new NatsClient(std::move(options), std::move(log), std::move(clock)));
  client->add_inbox();
  const MutexLock lock(client->mutex_);
  // Thread shares the client, which so lives until close() has ended the thread.
  client->thread_ = std::thread([client] { persevere([&client] { client->run(); }); });
  return client;
}

void NatsClient::wait_for_first_attempt(SteadyTime until) {
  MutexLock lock(mutex_);
  changed_.wait_until(lock, until, [&]() REQUIRES(mutex_) { return attempted_; });
}

void NatsClient::add_inbox() {
  // One wildcard subscription takes the answers of all requests: a request costs no subscription.
  // It is direct, since finishing one only wakes somebody.
  auto handler = [weak = weak_from_this()](const Message& message, bool no_responders) {
    if (const auto client = weak.lock()) client->on_answer(message, no_responders);
  };
  auto subscription =
      make_subscription(inbox_prefix_ + "*", "", {.direct = true}, std::move(handler));
  const MutexLock lock(subscriptions_mutex_);
  subscriptions_.insert(std::move(subscription));
}

std::shared_ptr<SubscriptionState> NatsClient::make_subscription(
    std::string subject, std::string queue_group, PendingLimits limits,
    SubscriptionState::Handler handler) {
  auto slow = [weak = weak_from_this()](const SubscriptionState& subscription) {
    if (const auto client = weak.lock()) client->note_slow(subscription);
  };
  return SubscriptionState::make(std::move(subject), std::move(queue_group), limits,
                                 std::move(handler), deliveries_, std::move(slow), log_);
}

void NatsClient::on_answer(const Message& message, bool no_responders) {
  // Subject of an answer is the sender's choice, so that the token may be anything; one that is not
  // open is ignored.
  if (!message.subject.starts_with(inbox_prefix_)) return;
  const auto token = parse_token(message.subject.substr(inbox_prefix_.size()));
  if (!token) return;
  if (no_responders) {
    requests_->finish(*token, fail(ErrorCode::not_found, "nobody on the lattice listens there"));
    return;
  }
  requests_->finish(*token, Answer(to_bytes(message.payload), message.subject, message.reply));
}

Result<std::shared_ptr<SubscriptionState>> NatsClient::add_subscription(
    std::string_view subject, std::string_view queue_group, PendingLimits limits,
    MessageHandler handler) {
  if (auto good = check_pattern(subject); !good) return pass(good);
  if (auto good = check_queue_group(queue_group); !good) return pass(good);
  if (!handler) return fail(ErrorCode::invalid_argument, "a subscription needs a handler");
  auto subscription = make_subscription(
      std::string(subject), std::string(queue_group), limits,
      [handler = std::move(handler)](const Message& message, bool) { handler(message); });
  const MutexLock lock(subscriptions_mutex_);
  if (no_more_) return std::unexpected(closed_error());
  // Known first, then subscribed: the next connection finds it too. The lock orders this with
  // take_into_use(), so that each connection has it once.
  subscriptions_.insert(subscription);
  if (live_) subscription->attach(live_);
  return subscription;
}

void NatsClient::remove_subscription(const std::shared_ptr<SubscriptionState>& subscription) {
  {
    const MutexLock lock(subscriptions_mutex_);
    subscriptions_.erase(subscription);
    subscription->detach();
  }
  // Without the lock: this waits for a handler that runs.
  subscription->end();
}

void NatsClient::drain_subscription(const std::shared_ptr<SubscriptionState>& subscription,
                                    SteadyTime deadline) {
  {
    const MutexLock lock(subscriptions_mutex_);
    // Later connections do not get it any more; the one of now hands out what it has.
    subscriptions_.erase(subscription);
  }
  subscription->drain(deadline);
}

Error NatsClient::not_connected() const {
  if (state_ == TransportState::closed) return closed_error();
  return {ErrorCode::unavailable, "not connected to NATS", "it is tried again in the background"};
}

Error NatsClient::late_error(std::uint64_t connection) const {
  // Text of the first-party host (lattice.md 4.5) where the other side was slow; a lost connection
  // is another case, since trying again may help.
  if (connection == connection_) return {ErrorCode::deadline, "RPC call timed out", ""};
  return {ErrorCode::unavailable, "the connection to NATS was lost while an answer was awaited",
          "the call may have been carried out; try again if that does no harm"};
}

Result<NatsClient::InUse> NatsClient::session_for(std::size_t payload) const {
  // Snapshot, so that senders share no lock; the session lives as long as this pointer.
  auto in_use = session_.read();
  if (!in_use) return std::unexpected(not_connected());
  const auto& session = *in_use;
  if (payload > session->max_payload()) {
    return fail(ErrorCode::limit,
                fmt::format("payload of {} bytes is more than the {} bytes the NATS server takes",
                            payload, session->max_payload()),
                "send less, or raise max_payload in the server's configuration");
  }
  return in_use;
}

Result<void> NatsClient::publish(std::string_view subject, ByteView payload,
                                 std::string_view reply) {
  if (auto good = check_subject(subject); !good) return good;
  if (!reply.empty()) {
    if (auto good = check_subject(reply); !good) return good;
  }
  auto session = session_for(payload.size());
  if (!session) return pass(session);
  return (**session)->publish(subject, reply, payload);
}

void NatsClient::request(std::string_view subject, ByteView payload, SteadyTime deadline,
                         ReplyHandler done) {
  if (auto good = check_subject(subject); !good) return done(pass(good));
  auto session = session_for(payload.size());
  if (!session) return done(pass(session));
  if (is_over(deadline)) {
    return done(fail(ErrorCode::deadline, "RPC call timed out"));
  }
  // Server has refused the inbox, so no answer could come; waiting would only hide that.
  if (deaf_) {
    if (auto error = refusal(inbox_prefix_ + "*")) return done(std::unexpected(std::move(*error)));
  }
  // Entry is made before the request goes out: the answer may come on the reading thread at once.
  auto token = requests_->add((**session)->number(), subject, deadline, done);
  if (!token) return done(pass(token));
  auto sent = (**session)->publish(subject, inbox_prefix_ + to_text(*token), payload);
  if (!sent) requests_->finish(*token, pass(sent));
}

std::string NatsClient::new_inbox() {
  // Beside the wildcard of requests, not below it, so that its messages come once.
  return fmt::format("{}.{}", options_.inbox_prefix, make_nuid(random_));
}

std::optional<Error> NatsClient::refusal(std::string_view subject) const {
  const auto found = refusals_.find(subject);
  return found ? std::optional(refusal_error(*found)) : std::nullopt;
}

Result<void> NatsClient::flush(SteadyTime deadline) {
  const auto session = session_.read();
  if (!session) return std::unexpected(not_connected());
  return (*session)->flush(deadline);
}

void NatsClient::on_state_change(std::function<void(TransportState)> callback) {
  if (state_ == TransportState::closed) callback = nullptr;
  state_slot_.set(std::move(callback));
}

void NatsClient::close() {
  {
    const MutexLock lock(mutex_);
    // Order of a close: nothing new begins, the connection ends and its reading thread with it,
    // then handlers, then open requests are answered, and the connecting thread is last.
    if (std::exchange(closing_, true)) return;
  }
  changed_.notify_all();
  std::unordered_set<std::shared_ptr<SubscriptionState>> subscriptions;
  std::shared_ptr<Session> live;
  {
    const MutexLock lock(subscriptions_mutex_);
    no_more_ = true;
    state_ = TransportState::closed;
    subscriptions.swap(subscriptions_);
    live.swap(live_);
    connection_ = 0;
    session_.publish(nullptr);
  }
  if (live) live->close();
  for (const auto& subscription : subscriptions) {
    subscription->detach();
    subscription->end();
  }
  deliveries_->end();
  requests_->close();
  state_slot_.set(nullptr);
  MutexLock lock(mutex_);
  auto thread = std::move(thread_);
  if (thread.get_id() == std::this_thread::get_id()) {
    thread.detach();  // it keeps what it needs, and ends after this callback
    return;
  }
  if (Session::on_reading_thread()) {
    thread.detach();  // it may wait for this one
    return;
  }
  changed_.wait(lock, [&]() REQUIRES(mutex_) { return ended_ || in_attempt_; });
  const bool ended = ended_;
  lock.unlock();
  // An attempt can take long and runs nothing of the user's: it ends by itself.
  if (ended) {
    thread.join();
  } else {
    thread.detach();
  }
}

}  // namespace trellis::nats
