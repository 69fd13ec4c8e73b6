// Entry of lib/trellis-telnet.so: the telnet provider as a library of its own.
#include "providers/telnet/telnet.hpp"

extern "C" [[gnu::visibility("default")]] const trellis_provider_table* trellis_provider_v1() {
  return trellis::providers::telnet::table();
}
