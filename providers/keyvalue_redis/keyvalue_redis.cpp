#include "providers/keyvalue_redis/keyvalue_redis.hpp"

#include <chrono>
#include <memory>

#include "base/call_limits.hpp"
#include "codec/messages/keyvalue.hpp"
#include "providers/common/link_values.hpp"
#include "providers/keyvalue_redis/redis_space.hpp"
#include "providers/redis/links.hpp"
#include "trellis/provider.hpp"

namespace trellis::providers::keyvalue_redis {

namespace {

class RedisKeyValueProvider final : public sdk23::Provider<Link> {
 public:
  static constexpr Description description = {
      codec::keyvalue::contract_id.data(), "Trellis Key-Value (Redis)", "Trellis", "0.1.0", 1,
      // Deadlines are kept here: every wait on a socket ends by one, so that the host need not give
      // up calls.
      TRELLIS_PROVIDER_CONCURRENT | TRELLIS_PROVIDER_KEEPS_DEADLINES | TRELLIS_PROVIDER_REBINDS,
      redis::local_values};
  using Provider::Provider;

  Result<std::shared_ptr<Link>> bind(std::string_view actor, const codec::StringMap& values,
                                     const std::shared_ptr<Link>&) override {
    constexpr std::uint64_t default_value_bytes = 1 * limits::mib;
    const auto value_bytes =
        number_value(values, "MAX_VALUE_BYTES", default_value_bytes, 1, limits::payload_bytes);
    if (!value_bytes) return pass(value_bytes);
    auto prefix = redis::read_prefix(actor, values);
    if (!prefix) return pass(prefix);
    // Server last: values are checked without waiting for anybody.
    auto pool = pools_.open(values);
    if (!pool) return pass(pool);
    return std::make_shared<Link>(std::move(*pool), std::move(*prefix), *value_bytes);
  }

  Result<Bytes> handle(Link& link, const Call& call) override {
    RedisSpace space(link, redis::socket_deadline(host(), call.deadline));
    return keyvalue::run(space, call.operation, call.payload);
  }

  sdk23::Health health() override { return pools_.health(); }
  void stop(SteadyTime) override { pools_.shut_down(); }

 private:
  redis::Pools pools_;
};

}  // namespace

const trellis_provider_table* table() noexcept {
  return sdk23::provider_table<RedisKeyValueProvider>();
}

}  // namespace trellis::providers::keyvalue_redis
