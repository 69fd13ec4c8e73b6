// Adds 42. Called by other actors through its alias wasmcloud/examples/ponger.
#include <trellis/actor.hpp>

using namespace trellis::guest;

struct Ping {
  std::int64_t value = 0;
  static constexpr auto fields() { return std::make_tuple(field("value", &Ping::value)); }
};

struct PingOperation {
  static constexpr const char* name = "Ping";
  using In = Ping;
  using Out = Ping;
};

static Result<Ping> handle(const Ping& ping) {
  return Ping{ping.value + 42};
}

TRELLIS_ACTOR(on<PingOperation, handle>());
