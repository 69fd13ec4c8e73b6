#include "lattice/nats/interest.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <limits>
#include <utility>

#include "base/guard.hpp"

namespace trellis::lattice::nats {
namespace {

struct MessageDeleter {
  void operator()(natsMsg* message) const noexcept { natsMsg_Destroy(message); }
};

int to_limit(std::size_t wanted) {
  return static_cast<int>(std::clamp<std::size_t>(wanted, 1, std::numeric_limits<int>::max()));
}

std::uint64_t dropped_on(natsSubscription* subscription) {
  std::int64_t count = 0;
  if (natsSubscription_GetDropped(subscription, &count) != NATS_OK) return 0;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(count, 0));
}

std::string_view view(const char* text) {
  return text == nullptr ? "" : text;
}

}  // namespace

Interest::Interest(std::string subject, std::string queue_group, PendingLimits limits,
                   Handler handler, Log log)
    : subject_(std::move(subject)),
      queue_group_(std::move(queue_group)),
      limits_(limits),
      log_(std::move(log)),
      slot_(std::move(handler)) {}

std::shared_ptr<Interest> Interest::make(std::string subject, std::string queue_group,
                                         PendingLimits limits, Handler handler, Log log) {
  std::shared_ptr<Interest> made(new Interest(std::move(subject), std::move(queue_group), limits,
                                              std::move(handler), std::move(log)));
  made->id_ = CallbackId<Interest>(made);
  return made;
}

Interest::Subscribed Interest::attach(const Session& session) {
  natsSubscription* subscription = nullptr;
  const auto status =
      queue_group_.empty()
          ? natsConnection_Subscribe(&subscription, session.get(), subject_.c_str(), on_message,
                                     id_.closure())
          : natsConnection_QueueSubscribe(&subscription, session.get(), subject_.c_str(),
                                          queue_group_.c_str(), on_message, id_.closure());
  if (status != NATS_OK) return nullptr;
  (void)natsSubscription_SetPendingLimits(subscription, to_limit(limits_.messages),
                                          to_limit(limits_.bytes));
  const std::scoped_lock lock(mutex_);
  count_dropped();
  dropped_before_ += std::exchange(dropped_now_, 0);
  return std::exchange(current_, Subscribed(subscription, SubscriptionDeleter()));
}

void Interest::detach() {
  Subscribed last;
  {
    const std::scoped_lock lock(mutex_);
    count_dropped();
    dropped_before_ += std::exchange(dropped_now_, 0);
    last = std::exchange(current_, nullptr);
  }
  // A drain may hold it still; the server is told by whoever is last, or by that drain.
}

Interest::Subscribed Interest::current() const {
  const std::scoped_lock lock(mutex_);
  return current_;
}

void Interest::drain(SteadyTime deadline) {
  using std::chrono::milliseconds;
  const auto subscription = current();
  if (!subscription) return;
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  if (left.count() <= 0) return;
  if (natsSubscription_DrainTimeout(subscription.get(), left.count()) != NATS_OK) return;
  // The handler cannot wait for its own end.
  if (slot_.running_here()) return;
  (void)natsSubscription_WaitForDrainCompletion(subscription.get(), left.count());
}

std::uint64_t Interest::dropped() const {
  const std::scoped_lock lock(mutex_);
  count_dropped();
  return dropped_before_ + dropped_now_;
}

bool Interest::is(const natsSubscription* subscription) const {
  const std::scoped_lock lock(mutex_);
  return current_.get() == subscription;
}

void Interest::count_dropped() const {
  if (current_) dropped_now_ = std::max(dropped_now_, dropped_on(current_.get()));
}

void Interest::on_message(natsConnection* /*connection*/, natsSubscription* /*subscription*/,
                          natsMsg* message, void* closure) {
  const std::unique_ptr<natsMsg, MessageDeleter> owner(message);
  const auto interest = CallbackRegistry<Interest>::instance().find(closure);
  if (interest && message != nullptr) interest->handle(message);
}

void Interest::handle(natsMsg* message) {
  const auto size = static_cast<std::size_t>(std::max(0, natsMsg_GetDataLength(message)));
  const Message seen{
      .subject = view(natsMsg_GetSubject(message)),
      .reply = view(natsMsg_GetReply(message)),
      .payload = {reinterpret_cast<const std::uint8_t*>(natsMsg_GetData(message)), size}};
  // No exception may cross the library.
  try {
    slot_.call(seen, message);
  } catch (const std::exception& problem) {
    survived([&] { log_.error("a handler of {} failed: {}", subject_, problem.what()); });
  } catch (...) {  // NOLINT(bugprone-empty-catch): nothing is known of it
  }
}

}  // namespace trellis::lattice::nats
