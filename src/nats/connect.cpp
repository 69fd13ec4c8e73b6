// Transport over NATS as others see it: handles that own a share of NatsClient, which does the work
// and lives on while one of its threads still needs it.
#include "nats/connect.hpp"

#include <algorithm>
#include <utility>

#include "base/deadline.hpp"
#include "nats/nats_client.hpp"

namespace trellis::nats {
namespace {

/// Handle of a subscription: its end ends that, whatever other shares exist.
class NatsSubscription final : public Subscription {
 public:
  NatsSubscription(std::shared_ptr<NatsClient> client,
                   std::shared_ptr<SubscriptionState> subscription)
      : client_(std::move(client)), subscription_(std::move(subscription)) {}
  NatsSubscription(const NatsSubscription&) = delete;
  NatsSubscription& operator=(const NatsSubscription&) = delete;
  ~NatsSubscription() override { client_->remove_subscription(subscription_); }

  void drain(SteadyTime deadline) override { client_->drain_subscription(subscription_, deadline); }
  [[nodiscard]] std::uint64_t dropped() const override { return subscription_->dropped(); }

 private:
  const std::shared_ptr<NatsClient> client_;
  const std::shared_ptr<SubscriptionState> subscription_;
};

class NatsTransport final : public Transport {
 public:
  explicit NatsTransport(std::shared_ptr<NatsClient> client) : client_(std::move(client)) {}
  NatsTransport(const NatsTransport&) = delete;
  NatsTransport& operator=(const NatsTransport&) = delete;
  ~NatsTransport() override { client_->close(); }

  [[nodiscard]] Result<std::unique_ptr<Subscription>> subscribe(std::string_view subject,
                                                                std::string_view queue_group,
                                                                MessageHandler handler,
                                                                PendingLimits limits) override {
    auto subscription = client_->add_subscription(subject, queue_group, limits, std::move(handler));
    if (!subscription) return pass(subscription);
    return std::make_unique<NatsSubscription>(client_, std::move(*subscription));
  }
  [[nodiscard]] Result<void> publish(std::string_view subject, ByteView payload,
                                     std::string_view reply) override {
    return client_->publish(subject, payload, reply);
  }
  void request(std::string_view subject, ByteView payload, SteadyTime deadline,
               ReplyHandler done) override {
    client_->request(subject, payload, deadline, std::move(done));
  }
  [[nodiscard]] std::string new_inbox() override { return client_->new_inbox(); }
  [[nodiscard]] std::optional<Error> refusal(std::string_view subject) const override {
    return client_->refusal(subject);
  }
  [[nodiscard]] Result<void> flush(SteadyTime deadline) override {
    return client_->flush(deadline);
  }
  [[nodiscard]] std::size_t max_payload() const override { return client_->max_payload(); }
  [[nodiscard]] TransportState state() const override { return client_->state(); }
  void on_state_change(std::function<void(TransportState)> callback) override {
    client_->on_state_change(std::move(callback));
  }
  void close() override { client_->close(); }

 private:
  const std::shared_ptr<NatsClient> client_;
};

}  // namespace

Result<std::unique_ptr<Transport>> connect_nats(const NatsOptions& options, Log log,
                                                std::shared_ptr<const Clock> clock,
                                                DescriptorUse use) {
  auto made = ConnectOptions::make(options);
  if (!made) return pass(made);
  made->use = use;
  // First attempt may try each server in turn; beyond a minute the program goes on without one.
  const auto servers = static_cast<std::int64_t>(made->servers.size());
  const auto patience = std::clamp<std::chrono::milliseconds>(
      options.connect_timeout * servers, std::chrono::milliseconds(1), std::chrono::minutes(1));
  auto client = NatsClient::start(std::move(*made), std::move(log), std::move(clock));
  client->wait_for_first_attempt(deadline_in(patience));
  return std::make_unique<NatsTransport>(std::move(client));
}

}  // namespace trellis::nats
