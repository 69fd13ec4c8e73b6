#include "nats/deliveries.hpp"

#include <utility>

#include "base/guard.hpp"
#include "nats/subscription_state.hpp"

namespace trellis::nats {

std::shared_ptr<Deliveries> Deliveries::make() {
  return std::shared_ptr<Deliveries>(new Deliveries);
}

void Deliveries::add(std::shared_ptr<SubscriptionState> subscription) {
  {
    const MutexLock lock(mutex_);
    if (ending_) return;
    line_.push_back(std::move(subscription));
    // Thread is made with the first message: transports whose handlers are all direct need none.
    if (!thread_.joinable()) {
      thread_ = std::thread([self = shared_from_this()] { persevere([&] { self->run(); }); });
    }
  }
  added_.notify_one();
}

std::shared_ptr<SubscriptionState> Deliveries::next() {
  MutexLock lock(mutex_);
  added_.wait(lock, [&]() REQUIRES(mutex_) { return ending_ || !line_.empty(); });
  if (ending_) return nullptr;
  auto subscription = std::move(line_.front());
  line_.pop_front();
  return subscription;
}

void Deliveries::run() {
  while (const auto subscription = next()) {
    // Subscription goes to the end of the line, so that a busy one does not starve others; without
    // memory for the line it goes on here.
    while (subscription->deliver_some() && !survived([&] { add(subscription); })) {
    }
  }
}

void Deliveries::end() {
  std::thread thread;
  {
    const MutexLock lock(mutex_);
    ending_ = true;
    line_.clear();
    thread.swap(thread_);
  }
  added_.notify_all();
  if (!thread.joinable()) return;
  if (thread.get_id() == std::this_thread::get_id()) {
    // Handler ends its own transport: the thread holds this object and ends after it.
    thread.detach();
  } else {
    thread.join();
  }
}

}  // namespace trellis::nats
