#include "nats/subscription_state.hpp"

#include <exception>
#include <utility>

#include "base/guard.hpp"
#include "nats/session.hpp"

namespace trellis::nats {
namespace {

/// Messages that one subscription has before others get their turn.
constexpr std::size_t messages_per_turn = 64;

}  // namespace

SubscriptionState::SubscriptionState(std::string subject, std::string queue_group,
                                     PendingLimits limits, Handler handler,
                                     std::shared_ptr<Deliveries> deliveries, Slow slow, Log log)
    : subject_(std::move(subject)),
      queue_group_(std::move(queue_group)),
      limits_(limits),
      deliveries_(std::move(deliveries)),
      slow_(std::move(slow)),
      log_(std::move(log)),
      slot_(std::move(handler)) {}

std::shared_ptr<SubscriptionState> SubscriptionState::make(std::string subject,
                                                           std::string queue_group,
                                                           PendingLimits limits, Handler handler,
                                                           std::shared_ptr<Deliveries> deliveries,
                                                           Slow slow, Log log) {
  return std::shared_ptr<SubscriptionState>(
      new SubscriptionState(std::move(subject), std::move(queue_group), limits, std::move(handler),
                            std::move(deliveries), std::move(slow), std::move(log)));
}

void SubscriptionState::attach(const std::shared_ptr<Session>& session) {
  // Not under the lock: subscribing writes to the network. The transport's lock keeps attach and
  // detach apart.
  const auto number = session->subscribe(shared_from_this());
  const MutexLock lock(mutex_);
  session_ = session;
  number_ = number;
}

void SubscriptionState::detach() {
  std::shared_ptr<Session> session;
  std::uint64_t number = 0;
  {
    const MutexLock lock(mutex_);
    session = std::exchange(session_, {}).lock();
    number = number_;
  }
  if (session) session->unsubscribe(number);
}

void SubscriptionState::end() {
  // Handler first, since that waits for one that runs; what waits is dropped afterwards and never
  // handled.
  slot_.set(nullptr);
  {
    const MutexLock lock(mutex_);
    ended_ = true;
    waiting_.clear();
    waiting_bytes_ = 0;
  }
  idle_.notify_all();
}

void SubscriptionState::drain(SteadyTime deadline) {
  std::shared_ptr<Session> session;
  std::uint64_t number = 0;
  {
    const MutexLock lock(mutex_);
    session = session_.lock();
    number = number_;
  }
  // Handler cannot wait for its own end.
  const bool may_wait = !slot_.running_here();
  if (session) session->unsubscribe_gently(number, may_wait, deadline);
  if (!may_wait) return;
  MutexLock lock(mutex_);
  idle_.wait_until(lock, deadline, [&]() REQUIRES(mutex_) { return !in_line_ || ended_; });
}

void SubscriptionState::receive(const ServerMessage& message) {
  if (limits_.direct) {
    handle({message.subject, message.reply, message.payload}, message.no_responders);
  } else {
    put_in_line(message);
  }
}

void SubscriptionState::put_in_line(const ServerMessage& message) {
  const auto bytes = message.subject.size() + message.reply.size() + message.payload.size();
  {
    const MutexLock lock(mutex_);
    if (ended_) return;
    // One message is taken whatever its size, or a large one could never come.
    const bool fits = waiting_.size() < limits_.messages &&
                      (waiting_.empty() || waiting_bytes_ + bytes <= limits_.bytes);
    if (fits) {
      Waiting one{.text = {},
                  .subject = message.subject.size(),
                  .reply = message.reply.size(),
                  .no_responders = message.no_responders};
      one.text.reserve(bytes);
      one.text.append(message.subject).append(message.reply).append(as_text(message.payload));
      waiting_.push_back(std::move(one));
      waiting_bytes_ += bytes;
      if (std::exchange(in_line_, true)) return;
    } else {
      ++dropped_;
    }
    if (fits) return deliveries_->add(shared_from_this());
  }
  slow_(*this);
}

bool SubscriptionState::deliver_some() {
  for (std::size_t i = 0; i < messages_per_turn; ++i) {
    Waiting one;
    {
      const MutexLock lock(mutex_);
      if (waiting_.empty()) {
        // Under the lock: a message that comes now puts the subscription in line again.
        in_line_ = false;
        idle_.notify_all();
        return false;
      }
      one = std::move(waiting_.front());
      waiting_.pop_front();
      waiting_bytes_ -= one.text.size();
    }
    const std::string_view text = one.text;
    handle({text.substr(0, one.subject), text.substr(one.subject, one.reply),
            as_bytes(text.substr(one.subject + one.reply))},
           one.no_responders);
  }
  return true;
}

void SubscriptionState::handle(const Message& message, bool no_responders) {
  // Exceptions end here, because other subscriptions are served by the same thread.
  try {
    slot_.call(message, no_responders);
  } catch (const std::exception& problem) {
    survived([&] { log_.error("a handler of {} failed: {}", subject_, problem.what()); });
  } catch (...) {  // NOLINT(bugprone-empty-catch): nothing is known of it
  }
}

}  // namespace trellis::nats
