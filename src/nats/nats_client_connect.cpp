// Connecting and staying connected: one thread per transport tries, serves, moves to another
// server, pauses and tries again, until close().
#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "base/deadline.hpp"
#include "base/limits.hpp"
#include "nats/nats_client.hpp"

namespace trellis::nats {
namespace {

/// How long moving to another server may take, and how long the one that is left may take to hand
/// out what it has.
constexpr std::chrono::milliseconds move_time{2000};
/// Pause between two attempts to leave a server.
constexpr std::chrono::milliseconds leave_pause{500};
/// How long servers may take to tell each other of subscriptions, and between two looks.
constexpr std::chrono::milliseconds route_time{250};
constexpr std::chrono::milliseconds route_pause{2};

}  // namespace

void NatsClient::run() {
  while (true) {
    const auto session = attempt();
    if (session) serve(session);
    if (!pause()) break;
  }
  {
    const MutexLock lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
}

std::shared_ptr<Session> NatsClient::attempt() {
  {
    const MutexLock lock(mutex_);
    if (closing_) return nullptr;
    in_attempt_ = true;
  }
  changed_.notify_all();
  // Credentials may have been renewed on disk; users' tokens expire while hosts run on.
  if (const auto renewed = options_.credentials->reload(); !renewed) {
    log_.warn("credentials of before stay in use: {}", renewed.error().message);
  }
  // Permissions are those of the server or its configuration of then: the next one is asked anew.
  refusals_.clear();
  deaf_ = false;
  // Number tells late answers and refusals of one connection from those of the next.
  const auto number = ++sessions_;
  auto session = Session::open(options_, number, events(number), random_, log_, clock_);
  {
    const MutexLock lock(mutex_);
    // close() may have come meanwhile and does not wait for an attempt.
    in_attempt_ = false;
    if (closing_) return nullptr;
  }
  if (session) return std::move(*session);
  note_failure(session.error());
  return nullptr;
}

Session::Events NatsClient::events(std::uint64_t number) {
  // Events hold the client weakly: a session's thread may outlive it. They run on any thread, and
  // only wake the one that connects.
  return {.lost =
              [weak = weak_from_this()] {
                const auto client = weak.lock();
                if (!client) return;
                {
                  const MutexLock lock(client->mutex_);
                }  // not between a look and its wait
                client->changed_.notify_all();
              },
          .leaving =
              [weak = weak_from_this()] {
                const auto client = weak.lock();
                if (!client) return;
                {
                  const MutexLock lock(client->mutex_);
                }
                client->changed_.notify_all();
              },
          .denied =
              [weak = weak_from_this(), number](std::string_view words) {
                if (const auto client = weak.lock()) client->note_refusal(number, words);
              }};
}

void NatsClient::note_refusal(std::uint64_t session, std::string_view words) {
  auto refusal = parse_refusal(words);
  if (!refusal) return;
  const auto error = refusal_error(*refusal);
  // Refusals come after the fact and name no request, so that all requests to that subject over
  // this connection end; a refused inbox ends all there are.
  const bool answers = refusal->subject == inbox_prefix_ + "*";
  const auto subject = refusal->subject;
  const auto deed = refusal->deed;
  refusals_.add(std::move(*refusal));
  if (deed == Refusal::Deed::publish) return requests_->finish_all(session, subject, error);
  if (!answers) return;
  deaf_ = true;
  requests_->finish_all(session, error);
}

void NatsClient::note_slow(const SubscriptionState& subscription) {
  const auto hidden = log_limit_.admit(LogReason::slow, clock_->steady());
  if (!hidden) return;
  log_.warn("messages on {} come faster than they are handled: some are dropped ({} more reports)",
            subscription.subject(), *hidden);
}

void NatsClient::note_failure(const Error& error) {
  ++failures_;
  // Repeated failure is told only now and then, a new one at once.
  const auto hidden = log_limit_.admit(LogReason::connecting, clock_->steady());
  if (hidden || error.message != last_failure_) {
    log_.warn("{}; {} (trying again in the background)", error.message, error.remedy);
    last_failure_ = error.message;
  }
  // Refused credentials are a state to be seen; a server that is away is still "connecting" before
  // the first success.
  if (error.code == ErrorCode::denied) set_state(TransportState::disconnected);
  first_attempt_done();
}

void NatsClient::first_attempt_done() {
  {
    const MutexLock lock(mutex_);
    attempted_ = true;
  }
  changed_.notify_all();
}

void NatsClient::set_state(TransportState state) {
  auto before = state_.load();
  // Closed stays closed, whichever thread was quicker.
  do {
    if (before == TransportState::closed || before == state) return;
  } while (!state_.compare_exchange_weak(before, state));
  try {
    state_slot_.call(state);
  } catch (const std::exception& problem) {
    log_.error("a handler of connection states failed: {}", problem.what());
  }
}

// Subscriptions go out before the session is published: a request that somebody sends over it finds
// the inbox subscribed.
bool NatsClient::take_into_use(const std::shared_ptr<Session>& session) {
  const MutexLock lock(subscriptions_mutex_);
  if (no_more_) return false;
  live_ = session;
  for (const auto& subscription : subscriptions_) subscription->attach(session);
  max_payload_ = session->max_payload();
  connection_ = session->number();
  session_.publish(std::make_shared<const std::shared_ptr<Session>>(session));
  return true;
}

void NatsClient::put_out_of_use(const std::shared_ptr<Session>& session) {
  {
    const MutexLock lock(subscriptions_mutex_);
    if (!no_more_) {
      live_ = nullptr;
      connection_ = 0;
      // Senders fail from here on, instead of writing into a connection that has ended.
      session_.publish(nullptr);
      for (const auto& subscription : subscriptions_) subscription->detach();
    }
  }
  session->close();
}

void NatsClient::serve(std::shared_ptr<Session> session) {
  if (!take_into_use(session)) return session->close();
  auto since = clock_->steady();
  log_.info("connected to {}", session->server());
  set_state(TransportState::connected);
  last_failure_.clear();
  first_attempt_done();
  while (auto next = use(session)) {
    session = std::move(next);
    since = clock_->steady();
  }
  bool closing = false;
  {
    const MutexLock lock(mutex_);
    closing = closing_;
  }
  const auto server = session->server();
  // Servers are taken over here once more: some are learned long after connecting.
  auto learned = session->learned_servers();
  if (!learned.empty()) options_.learned = std::move(learned);
  put_out_of_use(session);
  if (closing) return;
  log_.warn("lost {}: {}; connecting again", server, session->reason());
  // Server that takes connections only to drop them is approached as slowly as one that is away.
  const bool stable = clock_->steady() - since > limits::nats_longest_pause;
  failures_ = stable ? 1 : failures_ + 1;
  set_state(TransportState::disconnected);
}

std::shared_ptr<Session> NatsClient::use(std::shared_ptr<Session> session) {
  // Server that is about to end is left as soon as it has told of another one, and else served to
  // its end. It may tell more, but not keep us busy.
  std::uint64_t told = 0;
  while (true) {
    {
      MutexLock lock(mutex_);
      const auto ended = [&]() REQUIRES(mutex_) { return closing_ || session->is_lost(); };
      if (told > 0) changed_.wait_for(lock, leave_pause, ended);
      changed_.wait(lock,
                    [&]() REQUIRES(mutex_) { return ended() || session->leave_notices() != told; });
      if (ended()) return nullptr;
      told = session->leave_notices();
    }
    if (auto next = move_from(*session)) return next;
  }
}

std::shared_ptr<Session> NatsClient::move_from(Session& session) {
  auto learned = session.learned_servers();
  if (!learned.empty()) options_.learned = std::move(learned);
  const auto server = session.server();
  if (options_.servers.size() + options_.learned.size() < 2) {
    if (std::exchange(left_alone_, session.number()) != session.number()) {
      log_.warn("{} is about to end, and no other server is known", server);
    }
    return nullptr;
  }
  auto next = attempt();
  if (!next) return nullptr;
  {
    const MutexLock lock(subscriptions_mutex_);
    if (no_more_) {
      next->close();
      return nullptr;
    }
    live_ = next;
    // Subscriptions are on both servers for a moment: what is routed to the old one meanwhile is
    // not lost, and a queue group hands each message to one of them only.
    for (const auto& subscription : subscriptions_) subscription->attach(next);
    max_payload_ = next->max_payload();
    connection_ = next->number();
    session_.publish(std::make_shared<const std::shared_ptr<Session>>(next));
  }
  log_.info("{} is about to end: moved to {}", server, next->server());
  const auto end = deadline_in(move_time);
  // Order: the new server knows all subscriptions, the old one knows that, then it hands out what
  // it has and is told to stop, then it is left.
  if (next->flush(end)) {
    wait_for_route(session, next);
    session.unsubscribe_all_gently(end);
  }
  session.close();
  return next;
}

/// Server that is left must have heard from the other one what is listened to there, or it would
/// say of calls that nobody listens. It hears in the order of the subscriptions: a message that it
/// hands on to the last of them proves all.
void NatsClient::wait_for_route(Session& from, const std::shared_ptr<Session>& to) {
  struct Arrival {
    Mutex mutex;
    Condition came;
    bool here GUARDED_BY(mutex) = false;
  };
  // Shared with the handler, which may run once more after the wait was given up.
  const auto arrival = std::make_shared<Arrival>();
  const auto subject = new_inbox();
  const auto probe =
      make_subscription(subject, "", {.direct = true}, [arrival](const Message&, bool) {
        const MutexLock lock(arrival->mutex);
        arrival->here = true;
        arrival->came.notify_one();
      });
  probe->attach(to);
  const auto end = deadline_in(route_time);
  MutexLock lock(arrival->mutex);
  while (!arrival->here && !is_over(end)) {
    lock.unlock();
    const bool asked = from.publish(subject, {}, {}).has_value();
    lock.lock();
    if (!asked) break;
    arrival->came.wait_for(lock, route_pause,
                           [&]() REQUIRES(arrival->mutex) { return arrival->here; });
  }
  lock.unlock();
  probe->detach();
  probe->end();
}

std::chrono::milliseconds NatsClient::next_pause() {
  // Pause doubles, and half of it is chance: hosts that lost a server together must not come back
  // together.
  const auto doublings = std::min(failures_ > 0 ? failures_ - 1 : 0, 16U);
  const auto whole = std::min(limits::nats_longest_pause,
                              limits::nats_first_pause * (std::int64_t{1} << doublings));
  std::array<std::uint8_t, 2> bytes{};
  random_.fill(bytes);
  const auto dice = bytes[0] * 256 + bytes[1];
  return whole / 2 + whole / 2 * dice / 65536;
}

bool NatsClient::pause() {
  const auto until = deadline_in(next_pause());
  MutexLock lock(mutex_);
  return !changed_.wait_until(lock, until, [&]() REQUIRES(mutex_) { return closing_; });
}

}  // namespace trellis::nats
