// State that the threads, callbacks and subscriptions of one NATS transport share.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/random.hpp"
#include "base/rate_limit.hpp"
#include "nats/connect_options.hpp"
#include "nats/deliveries.hpp"
#include "nats/pending_requests.hpp"
#include "nats/refusals.hpp"
#include "nats/revocable_callback.hpp"
#include "nats/session.hpp"
#include "nats/subscription_state.hpp"
#include "nats/transport.hpp"
#include "threads/snapshot.hpp"
#include "trellis/clock.hpp"

namespace trellis::nats {

/// Any thread may call any member. Kept alive by its own thread until close() has ended that.
///
/// Locks: subscriptions_mutex_ before mutex_; neither is held while anything of a user runs.
/// subscriptions_mutex_ is held while subscribing, which may write to the network.
class NatsClient : public std::enable_shared_from_this<NatsClient> {
 public:
  [[nodiscard]] static std::shared_ptr<NatsClient> start(ConnectOptions options, Log log,
                                                         std::shared_ptr<const Clock> clock);

  /// Waits for the first attempt to connect.
  void wait_for_first_attempt(SteadyTime until);

  [[nodiscard]] Result<std::shared_ptr<SubscriptionState>> add_subscription(
      std::string_view subject, std::string_view queue_group, PendingLimits limits,
      MessageHandler handler);
  /// The server is told at once; the handler does not run any more.
  void remove_subscription(const std::shared_ptr<SubscriptionState>& subscription);
  void drain_subscription(const std::shared_ptr<SubscriptionState>& subscription,
                          SteadyTime deadline);

  [[nodiscard]] Result<void> publish(std::string_view subject, ByteView payload,
                                     std::string_view reply);
  void request(std::string_view subject, ByteView payload, SteadyTime deadline, ReplyHandler done);
  [[nodiscard]] std::string new_inbox();
  [[nodiscard]] std::optional<Error> refusal(std::string_view subject) const;
  [[nodiscard]] Result<void> flush(SteadyTime deadline);
  [[nodiscard]] std::size_t max_payload() const noexcept { return max_payload_; }
  [[nodiscard]] TransportState state() const noexcept { return state_; }
  void on_state_change(std::function<void(TransportState)> callback);
  void close();

 private:
  /// A connection in use.
  using InUse = Snapshot<std::shared_ptr<Session>>::Pointer;

  NatsClient(ConnectOptions options, Log log, std::shared_ptr<const Clock> clock);
  void add_inbox();
  void on_answer(const Message& message, bool no_responders);
  [[nodiscard]] Error late_error(std::uint64_t connection) const;
  [[nodiscard]] Error not_connected() const;
  [[nodiscard]] Result<InUse> session_for(std::size_t payload) const;

  // Connecting: nats_client_connect.cpp. All run on thread_.
  void run();
  [[nodiscard]] std::shared_ptr<Session> attempt();
  [[nodiscard]] bool take_into_use(const std::shared_ptr<Session>& session);
  void put_out_of_use(const std::shared_ptr<Session>& session);
  void serve(std::shared_ptr<Session> session);
  /// Until the session is lost or left; the one that took its place, null when none did.
  [[nodiscard]] std::shared_ptr<Session> use(std::shared_ptr<Session> session);
  /// Moves to another server while this one still serves; null when there is none.
  [[nodiscard]] std::shared_ptr<Session> move_from(Session& session);
  void wait_for_route(Session& from, const std::shared_ptr<Session>& to);
  void note_failure(const Error& error);
  [[nodiscard]] Session::Events events(std::uint64_t number);
  void note_slow(const SubscriptionState& subscription);
  [[nodiscard]] std::shared_ptr<SubscriptionState> make_subscription(
      std::string subject, std::string queue_group, PendingLimits limits,
      SubscriptionState::Handler handler);
  void note_refusal(std::uint64_t session, std::string_view words);
  void set_state(TransportState state);
  void first_attempt_done();
  /// False when closing.
  bool pause();
  [[nodiscard]] std::chrono::milliseconds next_pause();

  const Log log_;
  const std::shared_ptr<const Clock> clock_;
  ConnectOptions options_;  // of thread_
  SystemRandom random_;
  const std::string inbox_prefix_;  // ends with a dot
  Refusals refusals_;
  std::atomic<bool> deaf_{false};  // the server does not let us have answers
  const std::shared_ptr<PendingRequests> requests_;
  const std::shared_ptr<Deliveries> deliveries_ = Deliveries::make();

  Snapshot<std::shared_ptr<Session>> session_{nullptr};  // by thread_ and, once, by close()
  std::atomic<std::uint64_t> connection_{0};             // number of the session in use, 0 for none
  std::atomic<std::size_t> max_payload_;
  std::atomic<TransportState> state_{TransportState::connecting};
  RevocableCallback<TransportState> state_slot_;

  Mutex subscriptions_mutex_;
  std::unordered_set<std::shared_ptr<SubscriptionState>> subscriptions_
      GUARDED_BY(subscriptions_mutex_);
  std::shared_ptr<Session> live_ GUARDED_BY(subscriptions_mutex_);
  bool no_more_ GUARDED_BY(subscriptions_mutex_) = false;

  Mutex mutex_;
  Condition changed_;
  bool closing_ GUARDED_BY(mutex_) = false;
  bool attempted_ GUARDED_BY(mutex_) = false;
  bool in_attempt_ GUARDED_BY(mutex_) = false;  ///< thread_ connects: it is not in users' code
  bool ended_ GUARDED_BY(mutex_) = false;
  std::thread thread_ GUARDED_BY(mutex_);

  // Members of thread_.
  unsigned failures_ = 0;
  std::uint64_t sessions_ = 0;
  std::uint64_t left_alone_ = 0;  ///< the session that has told of its end and of no other server
  std::string last_failure_;

  enum class LogReason { connecting, slow };
  RateLimit<LogReason, 2> log_limit_;
};

}  // namespace trellis::nats
