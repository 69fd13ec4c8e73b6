#include "nats/memory_bus_core.hpp"

#include <algorithm>
#include <utility>

namespace trellis::nats {
namespace {

/// Takes the token at the front and the dot behind it.
std::string_view next_token(std::string_view& text) {
  const auto end = std::min(text.find('.'), text.size());
  const auto token = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return token;
}

}  // namespace

bool subject_matches(std::string_view pattern, std::string_view subject) {
  while (!pattern.empty() && !subject.empty()) {
    const auto wanted = next_token(pattern);
    if (wanted == ">") return true;
    const auto found = next_token(subject);
    if (wanted != "*" && wanted != found) return false;
  }
  return pattern.empty() && subject.empty();
}

MemoryBusCore::MemoryBusCore() : thread_([this] { run(); }) {}

MemoryBusCore::~MemoryBusCore() {
  stop();
}

void MemoryBusCore::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    for (auto& [id, client] : clients_) client.connected = false;
  }
  changed_.notify_all();
  if (!thread_.joinable()) return;
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();  // the last transport went away in a handler
  } else {
    thread_.join();
  }
}

MemoryBusCore::ClientId MemoryBusCore::add_client(bool echo) {
  const MutexLock lock(mutex_);
  // Clients and subscriptions are numbered together, so that 0 is the bus itself and nothing else.
  clients_[next_id_] = {echo, !stopping_};
  return next_id_++;
}

void MemoryBusCore::remove_client(ClientId client) {
  std::vector<SubscriptionId> theirs;
  {
    const MutexLock lock(mutex_);
    clients_.erase(client);
    for (const auto& [id, subscription] : subscriptions_) {
      if (subscription->client == client) theirs.push_back(id);
    }
  }
  // Without the lock: unsubscribing waits for a handler that may need it.
  for (const auto id : theirs) unsubscribe(id);
}

void MemoryBusCore::connect(ClientId client, bool connected) {
  const MutexLock lock(mutex_);
  const auto found = clients_.find(client);
  if (found == clients_.end() || found->second.connected == connected) return;
  found->second.connected = connected;
  Delivery news;
  news.job = [callback = found->second.on_state, connected] {
    if (callback) callback(connected ? TransportState::connected : TransportState::disconnected);
  };
  // News goes through the queue, so that a handler sees it in order with messages.
  queue_.push_back(std::move(news));
  changed_.notify_all();
}

bool MemoryBusCore::connected(ClientId client) const {
  const MutexLock lock(mutex_);
  const auto found = clients_.find(client);
  return found != clients_.end() && found->second.connected;
}

void MemoryBusCore::on_state(ClientId client, std::function<void(TransportState)> callback) {
  const MutexLock lock(mutex_);
  const auto found = clients_.find(client);
  if (found != clients_.end()) found->second.on_state = std::move(callback);
}

MemoryBusCore::SubscriptionId MemoryBusCore::subscribe(ClientId client, std::string pattern,
                                                       std::string group, MessageHandler handler) {
  const MutexLock lock(mutex_);
  subscriptions_[next_id_] = std::make_shared<SubscriptionState>(
      SubscriptionState{client, std::move(pattern), std::move(group), std::move(handler)});
  return next_id_++;
}

void MemoryBusCore::unsubscribe(SubscriptionId id) {
  MutexLock lock(mutex_);
  const auto found = subscriptions_.find(id);
  if (found == subscriptions_.end()) return;
  const auto subscription = found->second;
  subscription->gone = true;
  subscriptions_.erase(found);
  // Handler that ends its own subscription cannot wait for itself.
  if (thread_.get_id() == std::this_thread::get_id()) return;
  changed_.wait(lock, [&]() REQUIRES(mutex_) { return !subscription->running; });
}

std::vector<std::shared_ptr<MemoryBusCore::SubscriptionState>> MemoryBusCore::interested(
    ClientId from, std::string_view subject) {
  std::vector<std::shared_ptr<SubscriptionState>> to;
  std::map<std::pair<std::string, std::string>, std::vector<std::shared_ptr<SubscriptionState>>>
      groups;
  for (const auto& [id, subscription] : subscriptions_) {
    const auto client = clients_.find(subscription->client);
    if (client == clients_.end() || !client->second.connected) continue;
    // Rules are those of NATS servers (lattice.md 1.8); members of a queue group take turns instead
    // of chance, so that tests can count.
    if (subscription->client == from && !client->second.echo) continue;
    if (!subject_matches(subscription->pattern, subject)) continue;
    if (subscription->group.empty()) {
      to.push_back(subscription);
    } else {
      groups[{subscription->pattern, subscription->group}].push_back(subscription);
    }
  }
  for (auto& [name, members] : groups)
    to.push_back(members[turns_[name.second]++ % members.size()]);
  return to;
}

bool MemoryBusCore::publish(ClientId from, std::string_view subject, std::string_view reply,
                            ByteView payload) {
  const MutexLock lock(mutex_);
  ++published_;
  auto to = interested(from, subject);
  if (to.empty()) return false;
  queue_.push_back(
      {std::move(to), std::string(subject), std::string(reply), to_bytes(payload), {}});
  changed_.notify_all();
  return true;
}

void MemoryBusCore::post(std::function<void()> job) {
  const MutexLock lock(mutex_);
  Delivery delivery;
  delivery.job = std::move(job);
  queue_.push_back(std::move(delivery));
  changed_.notify_all();
}

void MemoryBusCore::run() {
  MutexLock lock(mutex_);
  while (true) {
    changed_.wait(lock,
                  [&]() REQUIRES(mutex_) { return stopping_ || (!queue_.empty() && !paused_); });
    if (stopping_) return;
    const auto delivery = std::move(queue_.front());
    queue_.pop_front();
    busy_ = true;
    // Handlers run without the lock: they publish and subscribe themselves.
    lock.unlock();
    deliver(delivery);
    lock.lock();
    busy_ = false;
    changed_.notify_all();
  }
}

void MemoryBusCore::deliver(const Delivery& delivery) {
  if (delivery.job) return delivery.job();
  const Message message{delivery.subject, delivery.reply, delivery.payload};
  for (const auto& subscription : delivery.to) handle(*subscription, message);
}

void MemoryBusCore::handle(SubscriptionState& subscription, const Message& message) {
  {
    const MutexLock lock(mutex_);
    const auto client = clients_.find(subscription.client);
    // Looked at again: between the sending and now it may have been unsubscribed or cut off.
    if (subscription.gone || client == clients_.end() || !client->second.connected) return;
    subscription.running = true;
  }
  subscription.handler(message);
  {
    const MutexLock lock(mutex_);
    subscription.running = false;
  }
  changed_.notify_all();
}

void MemoryBusCore::settle() {
  MutexLock lock(mutex_);
  changed_.wait(
      // Handler that runs counts, since it may send more.
      lock, [&]() REQUIRES(mutex_) { return stopping_ || paused_ || (queue_.empty() && !busy_); });
}

void MemoryBusCore::pause(bool on) {
  {
    const MutexLock lock(mutex_);
    paused_ = on;
  }
  changed_.notify_all();
}

bool MemoryBusCore::no_responders() const {
  const MutexLock lock(mutex_);
  return no_responders_;
}

void MemoryBusCore::set_no_responders(bool on) {
  const MutexLock lock(mutex_);
  no_responders_ = on;
}

std::size_t MemoryBusCore::max_payload() const {
  const MutexLock lock(mutex_);
  return max_payload_;
}

void MemoryBusCore::set_max_payload(std::size_t bytes) {
  const MutexLock lock(mutex_);
  max_payload_ = bytes;
}

std::uint64_t MemoryBusCore::published() const {
  const MutexLock lock(mutex_);
  return published_;
}

}  // namespace trellis::nats
