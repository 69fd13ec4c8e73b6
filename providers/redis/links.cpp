#include "providers/redis/links.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/sizes.hpp"
#include "providers/common/key_space.hpp"
#include "providers/common/link_values.hpp"

namespace trellis::providers::redis {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// Below the 200 ms within which a host wants the answer (contracts.md 2.3), with time left for the
// way back.
constexpr milliseconds health_time{150};
/// Each has memory for an answer; servers take ten thousand in all unless told otherwise.
constexpr std::uint64_t max_connections = 64;

// Times are at least one millisecond: 0 would mean "never" to some and "at once" to others.
[[nodiscard]] Result<milliseconds> time_value(const codec::StringMap& values, std::string_view key,
                                              milliseconds otherwise, milliseconds most) {
  const auto number = number_value(values, key, static_cast<std::uint64_t>(otherwise.count()), 1,
                                   static_cast<std::uint64_t>(most.count()));
  if (!number) return pass(number);
  return milliseconds(*number);
}

}  // namespace

Result<Settings> read_settings(const codec::StringMap& values) {
  auto address = parse_address(text_value(values, "URL", default_url));
  if (!address) return pass(address);
  // Defaults stand in one place, the members of Settings.
  const Settings otherwise;
  auto connections = number_value(values, "CONNECTIONS", otherwise.connections, 1, max_connections);
  if (!connections) return pass(connections);
  auto connect =
      time_value(values, "CONNECT_TIMEOUT_MS", otherwise.connect_timeout, std::chrono::minutes(1));
  if (!connect) return pass(connect);
  auto command =
      time_value(values, "COMMAND_TIMEOUT_MS", otherwise.command_timeout, std::chrono::minutes(10));
  if (!command) return pass(command);
  std::string ca_file(text_value(values, "TLS_CA"));
  // Authorities without TLS are refused: whoever set them believes the connection to be encrypted.
  if (!ca_file.empty() && !address->tls) {
    return fail(ErrorCode::invalid_argument, "link value TLS_CA has no use: URL is not rediss://",
                "write rediss:// for TLS, or leave out TLS_CA");
  }
  return Settings{std::move(*address), to_size(*connections), *connect, *command,
                  std::move(ca_file)};
}

Result<std::string> read_prefix(std::string_view actor, const codec::StringMap& values) {
  auto space = read_key_space(actor, values);
  if (!space) return pass(space);
  if (space->name.contains(':')) {
    return fail(ErrorCode::invalid_argument, "link value NAMESPACE contains a colon",
                "choose a name without it");
  }
  return space->prefix();
}

SteadyTime socket_deadline(const sdk23::Host& host, SteadyTime deadline) {
  // Time that is left is the same on both clocks; the points are not.
  return Clock::now() + (deadline - host.now());
}

std::vector<std::shared_ptr<Pool>> Pools::living() const {
  const MutexLock lock(mutex_);
  std::vector<std::shared_ptr<Pool>> pools;
  for (const auto& each : pools_) {
    if (auto pool = each.lock()) pools.push_back(std::move(pool));
  }
  // Pools end with their last link; the empty places are cleared by whoever looks next, so that the
  // end of a pool needs no way back to here.
  std::erase_if(pools_, [](const auto& each) { return each.expired(); });
  return pools;
}

Result<std::shared_ptr<Pool>> Pools::open(const codec::StringMap& values) {
  auto settings = read_settings(values);
  if (!settings) return pass(settings);
  // Lock is not held from here on: connecting may take seconds, and health must answer meanwhile.
  // Two links with equal settings that are bound at the same time may get two pools; that costs
  // connections, nothing else.
  auto pools = living();
  const auto found =
      std::ranges::find_if(pools, [&](const auto& pool) { return pool->settings() == *settings; });
  auto pool = found != pools.end() ? *found : nullptr;
  if (pool == nullptr) {
    std::shared_ptr<const tcp::TlsContext> tls;
    if (settings->address.tls) {
      auto made = tcp::TlsContext::make({.authorities = settings->ca_file});
      if (!made) {
        // Link value is named, because the library's text knows only a file.
        made.error().message.insert(0, "link value TLS_CA: ");
        return pass(made);
      }
      tls = std::move(*made);
    }
    pool = std::make_shared<Pool>(*settings, std::move(tls));
  }
  // Deadline of the link's own times: connecting and logging in, then one PING.
  const auto deadline = Clock::now() + settings->connect_timeout + settings->command_timeout;
  if (auto answers = pool->ping(deadline); !answers) return pass(answers);
  // Pool becomes known only after its server answered: a refused link must not make the provider
  // unhealthy.
  if (found == pools.end()) {
    const MutexLock lock(mutex_);
    pools_.push_back(pool);
  }
  return pool;
}

sdk23::Health Pools::health() const {
  const auto pools = living();
  const auto end = Clock::now() + health_time;
  for (std::size_t i = 0; i < pools.size(); ++i) {
    // The first ones leave time for the others.
    const auto now = Clock::now();
    const auto share = (end - now) / static_cast<int>(pools.size() - i);
    auto answers = pools[i]->ping(now + share);
    if (answers) answers = pools[i]->refuses();
    if (!answers) return {false, answers.error().message};
  }
  return {true, ""};
}

void Pools::shut_down() noexcept {
  for (const auto& pool : living()) pool->shut_down();
}

}  // namespace trellis::providers::redis
