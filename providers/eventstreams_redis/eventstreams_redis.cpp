#include "providers/eventstreams_redis/eventstreams_redis.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "base/text.hpp"
#include "codec/messages/eventstreams.hpp"
#include "providers/common/link_values.hpp"
#include "providers/eventstreams_redis/streams.hpp"
#include "providers/eventstreams_redis/subscription.hpp"
#include "providers/net/host_services.hpp"
#include "providers/redis/links.hpp"
#include "trellis/provider.hpp"

namespace trellis::providers::eventstreams_redis {

namespace {

// Bound on one question's length; each stream costs Redis a place to wake us from.
constexpr std::size_t max_streams = 64;

struct Link {
  Streams streams;
  std::shared_ptr<Subscription> subscription;  ///< null without SUBSCRIBE
};

[[nodiscard]] Result<SubscriptionOptions> read_subscription(const codec::StringMap& values) {
  SubscriptionOptions options;
  for (const auto item : split(text_value(values, "SUBSCRIBE"), ',')) {
    const auto stream = trim(item);
    // A stream named twice would deliver each event twice.
    const bool is_new = std::ranges::find(options.streams, stream) == options.streams.end();
    if (!stream.empty() && is_new) options.streams.emplace_back(stream);
  }
  if (options.streams.size() > max_streams) {
    return fail(ErrorCode::invalid_argument, "link value SUBSCRIBE names more than 64 streams",
                "use more links, or fewer streams");
  }
  options.group = text_value(values, "GROUP");
  const auto retry = number_value(values, "RETRY_MS", 30'000, 100, 3'600'000);
  if (!retry) return pass(retry);
  const auto most = number_value(values, "MAX_DELIVERIES", options.max_deliveries, 1, 1000);
  if (!most) return pass(most);
  options.retry = std::chrono::milliseconds(*retry);
  options.max_deliveries = *most;
  return options;
}

class EventStreamsProvider final : public sdk23::Provider<Link> {
 public:
  static constexpr Description description = {
      messages::contract_id.data(),
      "Trellis Event Streams (Redis)",
      "Trellis",
      "0.1.0",
      1,
      TRELLIS_PROVIDER_CONCURRENT | TRELLIS_PROVIDER_KEEPS_DEADLINES | TRELLIS_PROVIDER_REBINDS,
      redis::local_values};

  explicit EventStreamsProvider(Host host)
      : Provider(host), log_(std::make_shared<HostLogSink>(host), "eventstreams-redis") {}

  Result<std::shared_ptr<Link>> bind(std::string_view actor, const codec::StringMap& values,
                                     const std::shared_ptr<Link>& previous) override {
    const auto most = number_value(values, "MAX_LENGTH", 0, 0, std::uint64_t{1} << 40);
    if (!most) return pass(most);
    auto options = read_subscription(values);
    if (!options) return pass(options);
    auto prefix = redis::read_prefix(actor, values);
    if (!prefix) return pass(prefix);
    auto pool = pools_.open(values);
    if (!pool) return pass(pool);
    auto link = std::make_shared<Link>(Streams(std::move(*pool), std::move(*prefix), *most));
    if (options->streams.empty()) return link;
    // Old subscription ends first, so that no event is delivered by both. If the new one cannot
    // begin, the host tries again.
    Subscription::Positions positions;
    if (previous && previous->subscription) {
      previous->subscription->end();
      positions = previous->subscription->positions();
    }
    auto subscription = Subscription::start(host(), log_, std::string(actor), link->streams,
                                            std::move(*options), std::move(positions));
    if (!subscription) return pass(subscription);
    link->subscription = std::move(*subscription);
    const MutexLock lock(mutex_);
    std::erase_if(subscriptions_, [](const auto& each) { return each.expired(); });
    subscriptions_.push_back(link->subscription);
    return link;
  }

  void unbind(std::string_view, Link& link) override {
    if (link.subscription) link.subscription->end();
  }

  Result<Bytes> handle(Link& link, const Call& call) override {
    const auto deadline = redis::socket_deadline(host(), call.deadline);
    if (call.operation == messages::operation::write_event) {
      const auto args = codec::decode<messages::WriteEventArgs>(call.payload);
      if (!args) return pass(args);
      auto ack = link.streams.write(*args, deadline);
      if (!ack) return pass(ack);
      return codec::encode(*ack);
    }
    if (call.operation == messages::operation::query_stream) {
      const auto query = codec::decode<messages::StreamQuery>(call.payload);
      if (!query) return pass(query);
      auto events = link.streams.query(*query, deadline);
      if (!events) return pass(events);
      return codec::encode(*events);
    }
    return fail(ErrorCode::unsupported, "bad dispatch",
                "wasmcloud:eventstreams has WriteEvent and QueryStream");
  }

  sdk23::Health health() override { return pools_.health(); }

  void stop(SteadyTime) override {
    // Connections first: threads that wait for Redis come back at once.
    pools_.shut_down();
    std::vector<std::shared_ptr<Subscription>> all;
    {
      const MutexLock lock(mutex_);
      for (const auto& each : subscriptions_) {
        if (auto subscription = each.lock()) all.push_back(std::move(subscription));
      }
    }
    for (const auto& each : all) each->end();
    for (const auto& each : all) each->join();
  }

 private:
  const Log log_;
  redis::Pools pools_;
  Mutex mutex_;
  std::vector<std::weak_ptr<Subscription>> subscriptions_ GUARDED_BY(mutex_);
};

}  // namespace

const trellis_provider_table* table() noexcept {
  return sdk23::provider_table<EventStreamsProvider>();
}

}  // namespace trellis::providers::eventstreams_redis
