#include "providers/messaging_nats/deliveries.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "base/text.hpp"

namespace trellis::providers::messaging_nats {

namespace {

namespace messages = codec::messaging;

// Threads wait for actors nearly all the time; more would only hold their stacks.
constexpr std::size_t max_threads = 64;

// Bytes that a waiting message occupies, so that a million empty ones count as well.
[[nodiscard]] std::size_t bytes_of(const messages::BrokerMessage& message) {
  return sizeof message + message.subject.size() + message.reply_to.size() + message.body.size();
}

}  // namespace

Result<std::shared_ptr<Deliveries>> Deliveries::start(sdk23::Host host, Log log, std::string actor,
                                                      Bounds bounds) {
  std::shared_ptr<Deliveries> made(new Deliveries(host, std::move(log), std::move(actor), bounds));
  const auto wanted = std::min(max_threads, bounds.queues * bounds.at_a_time);
  for (std::size_t i = 0; i < wanted; ++i) {
    auto thread = sdk23::HostThread::start(host, "messaging", [self = made.get()] { self->run(); });
    // Fewer threads than wanted are slower, not wrong: queues take turns.
    if (thread) {
      made->threads_.push_back(std::move(*thread));
    } else if (made->threads_.empty()) {
      return pass(thread);
    }
  }
  return made;
}

Deliveries::Deliveries(sdk23::Host host, Log log, std::string actor, Bounds bounds)
    : host_(host),
      log_(std::move(log)),
      actor_(std::move(actor)),
      bounds_(bounds),
      queues_(bounds.queues),
      log_limit_(limits::nats_log_interval) {}

Deliveries::~Deliveries() {
  // Threads end by this and are joined by the destruction of threads_, the last member.
  end();
}

void Deliveries::put(std::size_t queue, messages::BrokerMessage message) {
  const auto bytes = bytes_of(message);
  std::uint64_t dropped = 0;
  {
    const MutexLock lock(mutex_);
    if (ended_) return;
    // New messages are dropped, not old ones: what was accepted is delivered in order.
    if (messages_ < bounds_.messages && bytes_ + bytes <= bounds_.bytes) {
      ++messages_;
      bytes_ += bytes;
      queues_.at(queue).messages.push_back(std::move(message));
    } else {
      dropped = ++dropped_;
    }
  }
  // Log outside the lock: its sink may be slow, and this is the thread that reads from the server.
  if (dropped == 0) return changed_.notify_one();
  if (log_limit_.admit(LogReason::dropped, std::chrono::steady_clock::now())) {
    log_.warn("{} takes messages too slowly: {} dropped so far", actor_, dropped);
  }
}

void Deliveries::end() {
  const MutexLock lock(mutex_);
  ended_ = true;
  for (auto& queue : queues_) queue.messages.clear();
  changed_.notify_all();
}

std::uint64_t Deliveries::dropped() const {
  const MutexLock lock(mutex_);
  return dropped_;
}

/// Queue of which another message may be delivered, or null. The turn moves on behind it, so that a
/// busy subscription cannot starve the others.
Deliveries::Queue* Deliveries::next() {
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    auto& queue = queues_[(turn_ + i) % queues_.size()];
    if (queue.messages.empty() || queue.under_way >= bounds_.at_a_time) continue;
    turn_ = (turn_ + i + 1) % queues_.size();
    return &queue;
  }
  return nullptr;
}

void Deliveries::run() {
  MutexLock lock(mutex_);
  while (true) {
    Queue* queue = nullptr;
    changed_.wait(lock, [&]() REQUIRES(mutex_) { return ended_ || (queue = next()) != nullptr; });
    if (ended_) return;
    const auto message = std::move(queue->messages.front());
    queue->messages.pop_front();
    --messages_;
    // Bounds are for what waits; messages at the actor are bounded by the threads.
    bytes_ -= bytes_of(message);
    ++queue->under_way;
    lock.unlock();
    deliver(message);
    lock.lock();
    --queue->under_way;
    // This thread goes on itself; another may be wanted for what this one held back.
    changed_.notify_one();
  }
}

void Deliveries::deliver(const messages::BrokerMessage& message) const {
  const auto reply = host_.dispatch(TRELLIS_NO_CALL, actor_, messages::operation::handle_message,
                                    codec::encode(message));
  if (!reply) {
    log_.warn("a message on {} was not taken by {}: {}", excerpt(message.subject), actor_,
              excerpt(reply.error().message, 200));
  }
}

}  // namespace trellis::providers::messaging_nats
