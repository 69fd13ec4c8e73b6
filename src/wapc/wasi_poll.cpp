#include "wapc/wasi_poll.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <thread>

#include "threads/blocking.hpp"

namespace trellis::wapc {
namespace {

using engine::GuestMemory;
using engine::HostCall;
using std::chrono::duration_cast;
using std::chrono::nanoseconds;

// Subscriptions of one call: they lie on the stack.
constexpr std::uint32_t max_subscriptions = 256;
constexpr std::uint32_t event_bytes = 32;
constexpr std::uint8_t type_clock = 0;

/// Offsets of a subscription's fields: `wasi_unstable` keeps an identifier in front of the clock.
struct Layout {
  std::uint32_t bytes;
  std::uint32_t clock;
  std::uint32_t timeout;
  std::uint32_t flags;
};
/// Offsets as the two interfaces define them.
constexpr Layout preview1_layout{48, 16, 24, 40};
constexpr Layout unstable_layout{56, 24, 32, 48};

struct Subscription {
  std::uint64_t user_data = 0;
  std::uint8_t type = 0;
  std::uint32_t error = errno_success;
  std::uint64_t wait = 0;  ///< nanoseconds from now
};

template <class T>
T field(ByteView bytes, std::size_t at) noexcept {
  T value;
  // Fields lie in guest memory, aligned or not.
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

/// Subscription as it lies in guest memory; what is not supported has its error already.
Subscription read_subscription(const GuestState& state, const Layout& layout,
                               ByteView bytes) noexcept {
  Subscription one{.user_data = field<std::uint64_t>(bytes, 0), .type = bytes[8]};
  if (one.type != type_clock) {
    one.error = errno_notsup;
    return one;
  }
  const auto now = wasi_time(state, field<std::uint32_t>(bytes, layout.clock));
  if (!now) {
    one.error = errno_inval;
    return one;
  }
  const auto timeout = field<std::uint64_t>(bytes, layout.timeout);
  const bool absolute = (field<std::uint16_t>(bytes, layout.flags) & 1) != 0;
  one.wait = !absolute ? timeout : timeout > *now ? timeout - *now : 0;
  return one;
}

/// False when the call's deadline passed.
bool sleep_for(HostCall& call, std::uint64_t nanos) {
  const auto now = std::chrono::steady_clock::now();
  const SteadyTime deadline = GuestState::of(call).deadline;
  const auto left = duration_cast<nanoseconds>(deadline - now).count();
  // Time left is compared, not points in time: a guest may ask for 2^64 ns, and the sum would wrap.
  const bool too_long = left <= 0 || nanos >= static_cast<std::uint64_t>(left);
  std::this_thread::sleep_until(too_long ? deadline
                                         : now + nanoseconds(static_cast<std::int64_t>(nanos)));
  return !too_long;
}

/// Answer to one subscription, as it lies in guest memory.
std::array<std::uint8_t, event_bytes> event_of(const Subscription& one) noexcept {
  std::array<std::uint8_t, event_bytes> event{};
  const auto error = static_cast<std::uint16_t>(one.error);
  std::memcpy(event.data(), &one.user_data, sizeof one.user_data);
  std::memcpy(event.data() + 8, &error, sizeof error);
  event[10] = one.type;
  return event;
}

void poll_oneoff(HostCall& call, const Layout& layout) {
  const GuestState& state = GuestState::of(call);
  const std::uint32_t count = call.u32(2);
  if (count == 0 || count > max_subscriptions) return call.result(errno_inval);
  const GuestMemory memory = call.memory();
  const auto in = memory.view(call.u32(0), std::uint64_t{count} * layout.bytes);
  const auto out = memory.writable(call.u32(1), std::uint64_t{count} * event_bytes);
  if (!in || !out || !memory.contains(call.u32(3), 4)) return call.result(errno_fault);

  // Ranges were checked before the wait: a guest that has slept finds nothing refused.
  std::array<Subscription, max_subscriptions> all;
  std::uint64_t wait = UINT64_MAX;
  for (std::uint32_t i = 0; i < count; ++i) {
    all[i] =
        read_subscription(state, layout, in->subspan(std::size_t{i} * layout.bytes, layout.bytes));
    // Subscriptions that are refused have no wait, so that they are answered at once.
    wait = std::min(wait, all[i].wait);
  }
  if (wait != 0) {
    const BlockingScope waiting;
    if (!waiting.allowed()) return call.result(errno_again);
    if (!sleep_for(call, wait)) return call.stop();
  }
  // Views are still good: no code of the guest has run meanwhile, so that its memory has not moved.
  std::uint32_t events = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (all[i].wait > wait) continue;
    const auto event = event_of(all[i]);
    std::ranges::copy(event, out->begin() + static_cast<std::ptrdiff_t>(events++) * event_bytes);
  }
  call.result(memory.write_u32(call.u32(3), events) ? errno_success : errno_fault);
}

}  // namespace

std::optional<std::uint64_t> wasi_time(const GuestState& state, std::uint32_t clock) noexcept {
  const auto nanos = [](auto time) {
    return static_cast<std::uint64_t>(duration_cast<nanoseconds>(time.time_since_epoch()).count());
  };
  if (clock == 0) return nanos(state.clock.wall());
  if (clock <= 3) return nanos(state.clock.steady());
  return std::nullopt;
}

void poll_oneoff_preview1(HostCall& call) {
  poll_oneoff(call, preview1_layout);
}
void poll_oneoff_unstable(HostCall& call) {
  poll_oneoff(call, unstable_layout);
}

}  // namespace trellis::wapc
