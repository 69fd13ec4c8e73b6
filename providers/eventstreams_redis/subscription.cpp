#include "providers/eventstreams_redis/subscription.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "providers/redis/values.hpp"

namespace trellis::providers::eventstreams_redis {

namespace {

using redis::Command;
using redis::Connection;
using redis::Reply;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// Time for which Redis may keep a question waiting for events. Longer would not be wrong; shorter
/// would be polling.
constexpr milliseconds block_time{5000};
constexpr milliseconds first_pause{100};
constexpr milliseconds longest_pause{5000};
// Events in one answer. They wait in memory, and in a group count as delivered, until their turn.
constexpr std::string_view at_a_time = "16";

}  // namespace

Result<std::shared_ptr<Subscription>> Subscription::start(sdk23::Host host, Log log,
                                                          std::string actor, Streams streams,
                                                          SubscriptionOptions options,
                                                          Positions positions) {
  std::shared_ptr<Subscription> made(new Subscription(host, std::move(log), std::move(actor),
                                                      std::move(streams), std::move(options),
                                                      std::move(positions)));
  if (!made->wake_) return fail(ErrorCode::unavailable, "no descriptor for a subscription");
  // Prepared on the thread of the bind, so that the link fails if the server refuses, and so that
  // events written after the bind are seen.
  if (auto prepared = made->prepare(); !prepared) return pass(prepared);
  auto thread =
      sdk23::HostThread::start(host, "eventstreams", [self = made.get()] { self->run(); });
  if (!thread) return pass(thread);
  made->thread_.emplace(std::move(*thread));
  return made;
}

Subscription::Subscription(sdk23::Host host, Log log, std::string actor, Streams streams,
                           SubscriptionOptions options, Positions positions)
    : host_(host),
      log_(std::move(log)),
      actor_(std::move(actor)),
      streams_(std::move(streams)),
      options_(std::move(options)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      positions_(std::move(positions)) {}

Subscription::~Subscription() {
  // The thread is joined by the destruction of thread_, the last member, before anything it uses.
  end();
}

void Subscription::end() noexcept {
  {
    const MutexLock lock(mutex_);
    // Under the lock, because pass_by() decides under it: after this no event counts as delivered
    // any more.
    ended_ = true;
  }
  static_cast<void>(::eventfd_write(wake_.get(), 1));
}

Subscription::Positions Subscription::positions() const {
  const MutexLock lock(mutex_);
  return positions_;
}

void Subscription::pause(milliseconds time) const {
  pollfd waiting{wake_.get(), POLLIN, 0};
  ::poll(&waiting, 1, static_cast<int>(time.count()));
}

Result<Reply> Subscription::ask(Connection& connection, const Command& command) const {
  return connection.ask(command, Clock::now() + streams_.pool().settings().command_timeout);
}

/// Makes the groups, or finds out where the streams end now.
Result<void> Subscription::prepare() {
  const auto deadline = Clock::now() + streams_.pool().settings().command_timeout;
  for (const auto& stream : options_.streams) {
    const auto key = streams_.key_of(stream);
    if (!options_.group.empty()) {
      auto made =
          streams_.pool().ask({"XGROUP", "CREATE", key, options_.group, "$", "MKSTREAM"}, deadline);
      if (!made) return pass(made);
      // BUSYGROUP: the group is there already, with its position. That is how links on several
      // hosts share it.
      const bool is_there = made->kind == Reply::Kind::error && made->text.starts_with("BUSYGROUP");
      if (auto good = redis::done(*made); !good && !is_there) return good;
      continue;
    }
    if (positions().contains(stream)) continue;
    auto last = streams_.pool().ask({"XREVRANGE", key, "+", "-", "COUNT", "1"}, deadline);
    if (!last) return pass(last);
    if (last->kind != Reply::Kind::list) return redis::unexpected_answer(*last);
    // An empty stream is read from its start: what comes next is new. "$" would mean the end at the
    // moment of each question, and lose what is written between two of them.
    std::string position = "0-0";
    if (!last->elements.empty()) {
      auto event = to_event(std::move(last->elements.front()), stream);
      if (!event) return pass(event);
      position = std::move(event->event_id);
    }
    static_cast<void>(pass_by(stream, position));
  }
  return {};
}

void Subscription::run() {
  auto wait = first_pause;
  while (!ended_) {
    const auto& settings = streams_.pool().settings();
    // A connection of its own: a question that blocks would occupy one of the pool's, which actors
    // wait for.
    auto connection = streams_.pool().open(wake_.get(), Clock::now() + settings.connect_timeout);
    const auto began = Clock::now();
    Result<void> done;
    if (connection) {
      done = read_on(*connection);
    } else {
      done = pass(connection);
    }
    // Its own end breaks the connection; that is no trouble to log.
    if (ended_) return;
    // A server that answers and fails at once is not asked ten times a second either.
    if (Clock::now() - began > longest_pause) wait = first_pause;
    if (!done) log_.warn("events of {} wait: {}", actor_, done.error().message);
    pause(wait);
    wait = std::min(wait * 2, longest_pause);
  }
}

Result<void> Subscription::read_on(Connection& connection) {
  while (!ended_) {
    // Retries are made between two questions: the connection carries one at a time.
    if (!options_.group.empty() && Clock::now() >= next_retry_) {
      if (auto done = retry(connection); !done) return done;
      next_retry_ = Clock::now() + options_.retry / 2;
    }
    auto streams = read(connection);
    if (!streams) return pass(streams);
    if (auto taken = take(connection, std::move(*streams)); !taken) return taken;
  }
  return {};
}

Result<Reply> Subscription::read(Connection& connection) {
  const auto wait = options_.group.empty() ? block_time : std::min(block_time, options_.retry / 2);
  const auto block = fmt::to_string(std::max<std::int64_t>(1, wait.count()));
  Command command = {"XREAD"};
  if (!options_.group.empty()) command = {"XREADGROUP", "GROUP", options_.group, actor_};
  command.insert(command.end(), {"COUNT", at_a_time, "BLOCK", block, "STREAMS"});
  std::vector<std::string> keys;
  keys.reserve(options_.streams.size());
  for (const auto& stream : options_.streams) keys.push_back(streams_.key_of(stream));
  command.insert(command.end(), keys.begin(), keys.end());
  const auto positions = this->positions();
  for (const auto& stream : options_.streams) {
    // ">": what was given to nobody in the group yet.
    command.emplace_back(options_.group.empty() ? std::string_view(positions.at(stream)) : ">");
  }
  // The deadline leaves Redis its waiting time and the command's own.
  return connection.ask(command, Clock::now() + wait + streams_.pool().settings().command_timeout);
}

/// The answer of a reading: nothing, or a list of [key, entries].
Result<void> Subscription::take(Connection& connection, Reply&& streams) {
  if (streams.kind == Reply::Kind::nil) return {};
  if (streams.kind != Reply::Kind::list) return redis::unexpected_answer(streams);
  for (auto& each : streams.elements) {
    if (each.elements.size() != 2) return redis::unexpected_answer(each);
    // Streams that were not asked for are an error: the name goes to the actor.
    const auto found = std::ranges::find_if(options_.streams, [&](const auto& stream) {
      return streams_.key_of(stream) == each.elements[0].text;
    });
    if (found == options_.streams.end()) return redis::unexpected_answer(each);
    for (auto& entry : each.elements[1].elements) {
      // Checked before each event, not only each answer: 16 slow deliveries would hold up a stop.
      if (ended_) return {};
      if (auto done = deliver(connection, *found, std::move(entry)); !done) return done;
    }
  }
  return {};
}

Result<void> Subscription::deliver(Connection& connection, const std::string& stream,
                                   Reply&& entry) {
  // A claimed event that was trimmed meanwhile has no values.
  if (entry.kind == Reply::Kind::nil) return {};
  const auto event = to_event(std::move(entry), stream);
  if (!event) return pass(event);
  if (options_.group.empty()) {
    // Without a group an event is delivered once, taken or not: there is nothing that remembers it.
    if (pass_by(stream, event->event_id)) static_cast<void>(hand_over(*event));
    return {};
  }
  // Acknowledged only when taken: what was not stays pending, and comes back by retry().
  return hand_over(*event) ? acknowledge(connection, stream, event->event_id) : Result<void>{};
}

/// Before an event is delivered, since whoever ends this one and goes on where it was must not
/// deliver it too. False when it has ended.
bool Subscription::pass_by(const std::string& stream, const std::string& id) {
  const MutexLock lock(mutex_);
  // Check and note in one hold of the lock that end() takes too: either this event is before the
  // end and in the positions, or after it and not delivered here.
  if (!ended_) positions_[stream] = id;
  return !ended_;
}

bool Subscription::hand_over(const messages::Event& event) const {
  const auto reply = host_.dispatch(TRELLIS_NO_CALL, actor_, messages::operation::deliver_event,
                                    codec::encode(event));
  std::string problem;
  // Three ways to fail: the call, an answer that is none, and an error in it (contracts.md 3.7).
  if (!reply) {
    problem = reply.error().message;
  } else if (const auto ack = codec::decode<messages::EventAck>(reply->bytes()); !ack) {
    problem = ack.error().message;
  } else if (ack->error) {
    problem = *ack->error;
  }
  if (problem.empty()) return true;
  log_.warn("event {} of {} was not taken by {}: {}", event.event_id, event.stream_id, actor_,
            excerpt(problem, 200));
  return false;
}

Result<void> Subscription::acknowledge(Connection& connection, const std::string& stream,
                                       const std::string& id) {
  const auto reply = ask(connection, {"XACK", streams_.key_of(stream), options_.group, id});
  if (!reply) return pass(reply);
  return redis::done(*reply);
}

Result<void> Subscription::retry(Connection& connection) {
  for (const auto& stream : options_.streams) {
    if (auto done = retry(connection, stream); !done) return done;
  }
  return {};
}

/// Pending events of a stream that were not taken in time: they are delivered here, or given up.
Result<void> Subscription::retry(Connection& connection, const std::string& stream) {
  const auto key = streams_.key_of(stream);
  const auto idle = fmt::to_string(options_.retry.count());
  const auto pending =
      ask(connection, {"XPENDING", key, options_.group, "IDLE", idle, "-", "+", at_a_time});
  if (!pending) return pass(pending);
  if (pending->kind != Reply::Kind::list) return redis::unexpected_answer(*pending);
  for (const auto& each : pending->elements) {
    if (ended_) return {};
    // [id, consumer, milliseconds, deliveries]
    if (each.elements.size() != 4) return redis::unexpected_answer(each);
    const auto& id = each.elements[0].text;
    // Given up means acknowledged: otherwise an event that kills its actor would do so for ever.
    // The log is all that remains of it.
    if (std::cmp_greater_equal(each.elements[3].integer, options_.max_deliveries)) {
      log_.error("event {} of {} is given up after {} deliveries", id, stream,
                 each.elements[3].integer);
      if (auto done = acknowledge(connection, stream, id); !done) return done;
      continue;
    }
    // XCLAIM with the idle time: of several hosts that see the same list only the first gets the
    // event, for its claim sets the time to zero.
    auto claimed = ask(connection, {"XCLAIM", key, options_.group, actor_, idle, id});
    if (!claimed) return pass(claimed);
    if (claimed->kind != Reply::Kind::list) return redis::unexpected_answer(*claimed);
    for (auto& entry : claimed->elements) {
      if (auto done = deliver(connection, stream, std::move(entry)); !done) return done;
    }
  }
  return {};
}

}  // namespace trellis::providers::eventstreams_redis
