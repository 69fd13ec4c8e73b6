// The entry of lib/trellis-messaging_nats.so: messaging over NATS as a library of its own.
#include "providers/messaging_nats/messaging_nats.hpp"

extern "C" [[gnu::visibility("default")]] const trellis_provider_table* trellis_provider_v1() {
  return trellis::providers::messaging_nats::table();
}
