// The entry of lib/trellis-keyvalue_redis.so: the provider as a library of its own.
#include "providers/keyvalue_redis/keyvalue_redis.hpp"

extern "C" [[gnu::visibility("default")]] const trellis_provider_table* trellis_provider_v1() {
  return trellis::providers::keyvalue_redis::table();
}
