#include "nats/connect.hpp"

#include <algorithm>
#include <utility>

#include "base/deadline.hpp"
#include "nats/core.hpp"

namespace trellis::nats {
namespace {

class NatsSubscription final : public Subscription {
 public:
  NatsSubscription(std::shared_ptr<Core> core, std::shared_ptr<SubscriptionState> interest)
      : core_(std::move(core)), interest_(std::move(interest)) {}
  NatsSubscription(const NatsSubscription&) = delete;
  NatsSubscription& operator=(const NatsSubscription&) = delete;
  ~NatsSubscription() override { core_->remove_interest(interest_); }

  void drain(SteadyTime deadline) override { core_->drain_interest(interest_, deadline); }
  [[nodiscard]] std::uint64_t dropped() const override { return interest_->dropped(); }

 private:
  const std::shared_ptr<Core> core_;
  const std::shared_ptr<SubscriptionState> interest_;
};

class NatsTransport final : public Transport {
 public:
  explicit NatsTransport(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  NatsTransport(const NatsTransport&) = delete;
  NatsTransport& operator=(const NatsTransport&) = delete;
  ~NatsTransport() override { core_->close(); }

  [[nodiscard]] Result<std::unique_ptr<Subscription>> subscribe(std::string_view subject,
                                                                std::string_view queue_group,
                                                                MessageHandler handler,
                                                                PendingLimits limits) override {
    auto interest = core_->add_interest(subject, queue_group, limits, std::move(handler));
    if (!interest) return pass(interest);
    return std::make_unique<NatsSubscription>(core_, std::move(*interest));
  }
  [[nodiscard]] Result<void> publish(std::string_view subject, ByteView payload,
                                     std::string_view reply) override {
    return core_->publish(subject, payload, reply);
  }
  void request(std::string_view subject, ByteView payload, SteadyTime deadline,
               ReplyHandler done) override {
    core_->request(subject, payload, deadline, std::move(done));
  }
  [[nodiscard]] std::string new_inbox() override { return core_->new_inbox(); }
  [[nodiscard]] std::optional<Error> refusal(std::string_view subject) const override {
    return core_->refusal(subject);
  }
  [[nodiscard]] Result<void> flush(SteadyTime deadline) override { return core_->flush(deadline); }
  [[nodiscard]] std::size_t max_payload() const override { return core_->max_payload(); }
  [[nodiscard]] TransportState state() const override { return core_->state(); }
  void on_state_change(std::function<void(TransportState)> callback) override {
    core_->on_state_change(std::move(callback));
  }
  void close() override { core_->close(); }

 private:
  const std::shared_ptr<Core> core_;
};

}  // namespace

Result<std::unique_ptr<Transport>> connect_nats(const NatsOptions& options, Log log,
                                                std::shared_ptr<const Clock> clock) {
  auto made = ConnectOptions::make(options);
  if (!made) return pass(made);
  const auto servers = static_cast<std::int64_t>(made->servers.size());
  const auto patience = std::clamp<std::chrono::milliseconds>(
      options.connect_timeout * servers, std::chrono::milliseconds(1), std::chrono::minutes(1));
  auto core = Core::start(std::move(*made), std::move(log), std::move(clock));
  core->wait_for_first_attempt(deadline_in(patience));
  return std::make_unique<NatsTransport>(std::move(core));
}

}  // namespace trellis::nats
