#include "providers/messaging_nats/messaging_nats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/deadline.hpp"
#include "base/descriptors.hpp"
#include "base/limits.hpp"
#include "base/mutex.hpp"
#include "base/rate_limit.hpp"
#include "base/redactor.hpp"
#include "base/text.hpp"
#include "codec/messages/messaging.hpp"
#include "nats/connect.hpp"
#include "providers/messaging_nats/deliveries.hpp"
#include "providers/messaging_nats/options.hpp"
#include "providers/net/host_services.hpp"
#include "trellis/provider.hpp"

namespace trellis::providers::messaging_nats {

namespace {

namespace messages = codec::messaging;
using std::chrono::milliseconds;

// Timeout of a Request that states none: that of calls over a lattice (contracts.md 1.8).
constexpr milliseconds default_timeout{2000};
constexpr milliseconds longest_timeout = std::chrono::hours(1);

constexpr std::array messaging_nats_local_values = {
    trellis_local_value{"CREDSFILE", TRELLIS_LOCAL_FILE},
    trellis_local_value{"TLS_CA", TRELLIS_LOCAL_FILE},
    trellis_local_value{"TLS_CERT", TRELLIS_LOCAL_FILE},
    trellis_local_value{"TLS_KEY", TRELLIS_LOCAL_FILE},
    trellis_local_value{"PROTOCOL_SUBJECTS", TRELLIS_LOCAL_ONLY}};

/// One actor's connection. Members end in the order that lets nothing use what is gone:
/// subscriptions, then deliveries, then the connection.
struct Link {
  std::string actor;
  std::string servers;  ///< for people
  SubjectRules subjects;
  std::unique_ptr<nats::Transport> transport;
  std::shared_ptr<Deliveries> deliveries;  ///< null without subscriptions
  std::vector<std::string> listens;        ///< the subjects of those that follow
  std::vector<std::unique_ptr<nats::Subscription>> subscriptions;

  /// Refusal by the server to let its user listen, as far as it has said so.
  [[nodiscard]] std::optional<Error> refusal() const {
    for (const auto& subject : listens) {
      if (auto refused = transport->refusal(subject)) return refused;
    }
    return std::nullopt;
  }

  /// Nothing more comes; the connection ends. Any thread, more than once.
  void end() const {
    transport->close();
    if (deliveries) deliveries->end();
  }
};

class MessagingProvider final : public sdk23::Provider<Link> {
 public:
  static constexpr Description description = {
      messages::contract_id.data(),
      "Trellis Messaging (NATS)",
      "Trellis",
      "0.1.0",
      1,
      TRELLIS_PROVIDER_CONCURRENT | TRELLIS_PROVIDER_REBINDS,
      messaging_nats_local_values};

  explicit MessagingProvider(Host host)
      : Provider(host), log_(std::make_shared<HostLogSink>(host), "messaging-nats") {}

  Result<std::shared_ptr<Link>> bind(std::string_view actor, const codec::StringMap& values,
                                     const std::shared_ptr<Link>& previous) override {
    const auto options = read_options(values);
    if (!options) return pass(options);
    auto link = connect(actor, *options);
    if (!link) return link;
    if (auto subscribed = subscribe(**link, *options); !subscribed) return pass(subscribed);
    // Old link ends last: both listen for a moment, so that nothing is lost in between. Without a
    // queue group an actor may get a message twice then.
    if (previous) previous->end();
    const MutexLock lock(mutex_);
    std::erase_if(links_, [](const auto& each) { return each.expired(); });
    links_.push_back(*link);
    return link;
  }

  void unbind(std::string_view, Link& link) override { link.end(); }

  Result<Bytes> handle(Link& link, const Call& call) override {
    if (call.operation == messages::operation::publish) return publish(link, call);
    if (call.operation == messages::operation::request) return request(link, call);
    return fail(ErrorCode::unsupported, "bad dispatch",
                "wasmcloud:messaging has Publish and Request");
  }

  sdk23::Health health() override {
    for (const auto& link : links()) {
      const auto state = link->transport->state();
      // Closed is not unhealthy: such a link was ended and is on its way out.
      if (state == nats::TransportState::connecting ||
          state == nats::TransportState::disconnected) {
        return {false,
                fmt::format("no connection to NATS at {} for {}", link->servers, link->actor)};
      }
      if (const auto refused = link->refusal()) {
        return {false, fmt::format("{}: {}", link->actor, refused->message)};
      }
    }
    return {true, ""};
  }

  void stop(SteadyTime) override {
    const auto all = links();
    // All end before any is joined, so that the time to stop is that of the slowest actor, not the
    // sum.
    for (const auto& link : all) link->end();
    for (const auto& link : all) {
      if (link->deliveries) link->deliveries->join();
    }
  }

 private:
  [[nodiscard]] Result<std::shared_ptr<Link>> connect(std::string_view actor,
                                                      const Options& options) {
    // Refusal before the last descriptors are gone: connections of links must not take those the
    // host needs to be administered.
    if (is_short_of_descriptors()) {
      return fail(ErrorCode::busy, "too many connections of this host are open",
                  "raise its limit of open files (ulimit -n), or let fewer clients in");
    }
    auto transport = nats::connect_nats(options.nats, log_);
    if (!transport) {
      return fail(transport.error().code, "NATS connection failure:" + transport.error().message,
                  transport.error().remedy);
    }
    // Flush, because connecting goes on by itself in the background: a bind is to fail when the
    // server cannot be reached (contracts.md 3.11), and the error of what needs a connection says
    // why there is none.
    if (auto there = (*transport)->flush(deadline_in(options.nats.connect_timeout)); !there) {
      return fail(there.error().code, "NATS connection failure:" + there.error().message,
                  "check URL and credentials of the link");
    }
    return std::make_shared<Link>(
        Link{std::string(actor),
             without_credentials(fmt::format("{}", fmt::join(options.nats.servers, ", "))),
             options.subjects,
             std::move(*transport),
             nullptr,
             {},
             {}});
  }

  [[nodiscard]] Result<void> subscribe(Link& link, const Options& options) {
    if (options.subscriptions.empty()) return {};
    auto deliveries = Deliveries::start(host(), log_, link.actor,
                                        {options.subscriptions.size(), options.deliveries,
                                         options.pending_messages, options.pending_bytes});
    if (!deliveries) return pass(deliveries);
    link.deliveries = std::move(*deliveries);
    for (std::size_t i = 0; i < options.subscriptions.size(); ++i) {
      auto subscription = link.transport->subscribe(
          options.subscriptions[i], options.queue_group,
          // On the thread that reads from the server: put() never waits. Texts are mended, since
          // servers pass on any bytes and actors decode UTF-8.
          [deliveries = link.deliveries, i](const nats::Message& message) {
            deliveries->put(i, {replace_bad_utf8(message.subject), replace_bad_utf8(message.reply),
                                to_bytes(message.payload)});
          });
      if (!subscription) return pass(subscription);
      link.subscriptions.push_back(std::move(*subscription));
      link.listens.push_back(options.subscriptions[i]);
    }
    // Round trip: the server has read the subscriptions by the answer, and has sent its refusals
    // before it.
    const auto end = deadline_in(options.nats.connect_timeout);
    if (auto there = link.transport->flush(end); !there) return there;
    // Refusals that come a moment later are told by health.
    if (auto refused = link.refusal()) return std::unexpected(std::move(*refused));
    return {};
  }

  [[nodiscard]] Result<Bytes> publish(const Link& link, const Call& call) const {
    const auto message = codec::decode<messages::BrokerMessage>(call.payload);
    if (!message) return pass(message);
    const auto sent = send(link, *message);
    // Failures are in the answer, not an error (contracts.md 3.4); the log has the reason, and not
    // more often than a flood allows.
    if (!sent) {
      if (const auto hidden = limit_.admit(LogReason::unsent, std::chrono::steady_clock::now())) {
        log_.warn("{} could not publish on {}: {}{}", link.actor, excerpt(message->subject),
                  sent.error().message, *hidden == 0 ? "" : fmt::format(" ({} more)", *hidden));
      }
    }
    return codec::encode(messages::PublishResponse{sent.has_value()});
  }

  // Checks before sending. The reply subject counts like the subject: the answer of whoever gets
  // this could be an order to a host.
  [[nodiscard]] static Result<void> send(const Link& link, const messages::BrokerMessage& message) {
    if (auto allowed = link.subjects.check(message.subject); !allowed) return allowed;
    if (auto allowed = link.subjects.check(message.reply_to); !allowed) return allowed;
    // Refusal known from an earlier message: the server refuses only after one has gone out.
    if (auto refused = link.transport->refusal(message.subject)) {
      return std::unexpected(std::move(*refused));
    }
    return link.transport->publish(message.subject, message.body, message.reply_to);
  }

  [[nodiscard]] Result<Bytes> request(const Link& link, const Call& call) const {
    const auto args = codec::decode<messages::RequestArgs>(call.payload);
    if (!args) return pass(args);
    if (auto allowed = link.subjects.check(args->subject); !allowed) return pass(allowed);
    const auto wanted = args->timeout > 0
                            ? milliseconds(std::min(args->timeout, longest_timeout.count()))
                            : default_timeout;
    // The transport waits on the real clock; in tests the host's is another one.
    const auto left = std::min<SteadyTime::duration>(wanted, call.deadline - host().now());
    auto answer = nats::ask_and_wait(*link.transport, args->subject, args->body, deadline_in(left));
    if (!answer) return pass(answer);
    return codec::encode(messages::BrokerMessage{
        std::move(answer->subject), std::move(answer->reply), std::move(answer->payload)});
  }

  [[nodiscard]] std::vector<std::shared_ptr<Link>> links() const {
    const MutexLock lock(mutex_);
    std::vector<std::shared_ptr<Link>> all;
    for (const auto& each : links_) {
      if (auto link = each.lock()) all.push_back(std::move(link));
    }
    return all;
  }

  enum class LogReason { unsent };

  const Log log_;
  mutable RateLimit<LogReason, 1> limit_{limits::nats_log_interval};
  mutable Mutex mutex_;
  std::vector<std::weak_ptr<Link>> links_ GUARDED_BY(mutex_);
};

}  // namespace

const trellis_provider_table* table() noexcept {
  return sdk23::provider_table<MessagingProvider>();
}

}  // namespace trellis::providers::messaging_nats
