#include "bench/nats_raw.hpp"

#include <nats/nats.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace trellis::bench {
namespace {

constexpr std::size_t slots = 256;

struct Connection {
  explicit Connection(const std::string& url) {
    natsOptions* options = nullptr;
    if (natsOptions_Create(&options) != NATS_OK) return;
    natsOptions_SetURL(options, url.c_str());
    natsOptions_SetSendAsap(options, true);
    natsOptions_UseGlobalMessageDelivery(options, true);
    natsConnection_Connect(&handle, options);
    natsOptions_Destroy(options);
  }
  ~Connection() { natsConnection_Destroy(handle); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  natsConnection* handle = nullptr;
};

class Requests final : public RawRequests {
 public:
  Requests(const std::string& url, std::string_view name, Shape shape)
      : subject_("trellis.bench." + std::string(name)),
        inbox_(subject_ + ".inbox."),
        shape_(std::move(shape)),
        asker_(url),
        responder_(url),
        request_(shape_.request, 'q'),
        response_(shape_.response, 'r') {}

  bool start() {
    if (asker_.handle == nullptr || responder_.handle == nullptr) return false;
    for (unsigned i = 0; i < shape_.workers; ++i) threads_.emplace_back([this] { work(); });
    const bool subscribed =
        natsConnection_Subscribe(&questions_, responder_.handle, subject_.c_str(), on_question,
                                 this) == NATS_OK &&
        natsConnection_Subscribe(&answers_, asker_.handle, (inbox_ + "*").c_str(), on_answer,
                                 this) == NATS_OK;
    return subscribed && natsConnection_Flush(responder_.handle) == NATS_OK &&
           natsConnection_Flush(asker_.handle) == NATS_OK;
  }

  ~Requests() override {
    natsSubscription_Unsubscribe(questions_);
    natsSubscription_Unsubscribe(answers_);
    natsSubscription_Destroy(questions_);
    natsSubscription_Destroy(answers_);
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    arrived_.notify_all();
    for (auto& thread : threads_) thread.join();
    for (auto* message : queue_) natsMsg_Destroy(message);
  }

  bool ask() override {
    if (shape_.asking) shape_.asking();
    const auto number = next_.fetch_add(1) % slots;
    auto& slot = waiting_[number];
    const std::scoped_lock turn(slot.turn);
    std::unique_lock lock(slot.mutex);
    slot.answered = false;
    const auto reply = inbox_ + std::to_string(number);
    if (natsConnection_PublishRequest(asker_.handle, subject_.c_str(), reply.c_str(),
                                      request_.data(),
                                      static_cast<int>(request_.size())) != NATS_OK) {
      return false;
    }
    return slot.woken.wait_for(lock, std::chrono::seconds(5), [&] { return slot.answered; });
  }

 private:
  struct Slot {
    std::mutex turn;
    std::mutex mutex;
    std::condition_variable woken;
    bool answered = false;
  };

  static void on_question(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
    auto* self = static_cast<Requests*>(closure);
    {
      const std::scoped_lock lock(self->mutex_);
      self->queue_.push_back(message);
    }
    self->arrived_.notify_one();
  }
  static void on_answer(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
    auto* self = static_cast<Requests*>(closure);
    const auto number =
        std::strtoul(natsMsg_GetSubject(message) + self->inbox_.size(), nullptr, 10);
    natsMsg_Destroy(message);
    auto& slot = self->waiting_[number % slots];
    const std::scoped_lock lock(slot.mutex);
    slot.answered = true;
    slot.woken.notify_one();
  }
  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      arrived_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      auto* message = queue_.front();
      queue_.pop_front();
      lock.unlock();
      if (shape_.serving) shape_.serving();
      natsConnection_Publish(responder_.handle, natsMsg_GetReply(message), response_.data(),
                             static_cast<int>(response_.size()));
      natsMsg_Destroy(message);
      lock.lock();
    }
  }

  const std::string subject_;
  const std::string inbox_;
  const Shape shape_;
  Connection asker_;
  Connection responder_;
  const std::string request_;
  const std::string response_;
  natsSubscription* questions_ = nullptr;
  natsSubscription* answers_ = nullptr;
  std::atomic<std::size_t> next_{0};
  std::array<Slot, slots> waiting_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<natsMsg*> queue_;  // under mutex_
  bool stopping_ = false;       // under mutex_
  std::vector<std::thread> threads_;
};

}  // namespace

Result<std::unique_ptr<RawRequests>> RawRequests::start(const std::string& url,
                                                        std::string_view name, Shape shape) {
  auto made = std::make_unique<Requests>(url, name, std::move(shape));
  if (made->start()) return made;
  return fail(ErrorCode::unavailable, "no NATS server answers at " + url);
}

}  // namespace trellis::bench
