// Misbehaves on demand, for tests of limits and of hostile guests (contracts.md 5.8).
#include <trellis/actor.hpp>

#include <vector>

using namespace trellis::guest;

namespace {

int constructed = 41;
struct Counter {
  Counter() { ++constructed; }
} counter;

Result<Bytes> echo(std::string_view payload) {
  return Bytes(payload);
}
Result<Bytes> init(std::string_view) {
  return std::to_string(constructed);
}
Result<Bytes> empty(std::string_view) {
  return Bytes();
}
Result<Bytes> fail(std::string_view payload) {
  return Error{std::string(payload)};
}
Result<Bytes> trap(std::string_view) {
  __builtin_trap();
}

Result<Bytes> spin(std::string_view) {
  for (volatile unsigned i = 0;; ++i) {
  }
}

__attribute__((noinline)) int deep(int level, volatile int* never) {
  volatile char room[512];
  room[level & 511] = 1;
  return *never == level ? level : deep(level + 1, never) + room[level & 511];
}
Result<Bytes> recurse(std::string_view) {
  volatile int never = -1;
  return std::to_string(deep(0, &never));
}

Result<Bytes> grow(std::string_view) {
  unsigned pages = 0;
  while (__builtin_wasm_memory_grow(0, 16) != static_cast<std::size_t>(-1)) pages += 16;
  return std::to_string(pages);
}

/// Doubles a response until the host or the memory says stop.
Result<Bytes> flood(std::string_view) {
  Bytes bytes(1 << 20, 'x');
  while (true) {
    abi::trellis_guest_response(bytes.data(), bytes.size());
    bytes += bytes;
  }
}
Result<Bytes> flood_log(std::string_view) {
  for (int i = 0; i < 100000; ++i) console_log("the same line again and again and again");
  return Bytes("done");
}
Result<Bytes> flood_error(std::string_view) {
  return Error{std::string(8 << 20, 'e')};
}

/// The payload names an import and a pointer: "response 4294967295 16". An actor with the alias
/// "probe" that answers "probe" gives __host_response something to copy.
Result<Bytes> wild(std::string_view payload) {
  const auto first = payload.find(' ');
  const auto second = payload.find(' ', first + 1);
  const auto number = [&](std::size_t from) {
    unsigned value = 0;
    for (; from < payload.size() && payload[from] >= '0' && payload[from] <= '9'; ++from) {
      value = value * 10 + static_cast<unsigned>(payload[from] - '0');
    }
    return value;
  };
  auto* at = reinterpret_cast<char*>(number(first + 1));
  const auto size = static_cast<std::size_t>(number(second + 1));
  const auto name = payload.substr(0, first);
  if (name == "request") abi::trellis_guest_request(at, at);
  if (name == "response") abi::trellis_guest_response(at, size);
  if (name == "error") abi::trellis_guest_error(at, size);
  if (name == "log") abi::trellis_console_log(at, size);
  if (name == "call") abi::trellis_host_call(at, size, at, size, at, size, at, size);
  if (name == "host_response") {
    (void)host_call("probe", "probe", "probe");
    abi::trellis_host_response(at);
  }
  if (name == "host_error") {
    (void)host_call("nobody", "nobody", "nobody");
    abi::trellis_host_error(at);
  }
  return Bytes("survived");
}

/// Recurses a good way down, and from there calls the next actor of the chain trellis/chain0 to 9.
__attribute__((noinline)) Result<Bytes> descend_from(int level, int number) {
  volatile char room[256];
  room[level & 255] = 1;
  if (level == 0) {
    if (number == 9) return Bytes("bottom");
    const auto next = std::to_string(number + 1);
    return host_call("trellis/chain" + next, "Descend", next);
  }
  auto result = descend_from(level - 1, number);
  room[level & 255] = 0;
  return result;
}
Result<Bytes> descend(std::string_view payload) {
  return descend_from(100, payload.empty() ? 9 : payload[0] - '0');
}

/// Hands its payload to a capability or actor: "<namespace> <operation> <payload>".
Result<Bytes> relay(std::string_view payload) {
  const auto first = payload.find(' ');
  const auto second = payload.find(' ', first + 1);
  return host_call(payload.substr(0, first), payload.substr(first + 1, second - first - 1),
                   payload.substr(second + 1));
}

}  // namespace

TRELLIS_ACTOR(on_raw<echo>("Echo"), on_raw<init>("Init"), on_raw<empty>("Empty"),
              on_raw<fail>("Fail"), on_raw<trap>("Trap"), on_raw<spin>("Spin"),
              on_raw<recurse>("Recurse"), on_raw<grow>("Grow"), on_raw<flood>("FloodResponse"),
              on_raw<flood_log>("FloodLog"), on_raw<flood_error>("FloodError"),
              on_raw<wild>("Wild"), on_raw<descend>("Descend"), on_raw<relay>("Relay"));
