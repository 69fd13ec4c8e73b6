// The entry of lib/trellis-eventstreams_redis.so: event streams on Redis as a library of its own.
#include "providers/eventstreams_redis/eventstreams_redis.hpp"

extern "C" [[gnu::visibility("default")]] const trellis_provider_table* trellis_provider_v1() {
  return trellis::providers::eventstreams_redis::table();
}
