// The entry of lib/trellis-keyvalue.so: the key-value provider as a library of its own.
#include "providers/keyvalue/keyvalue.hpp"

extern "C" [[gnu::visibility("default")]] const trellis_provider_table* trellis_provider_v1() {
  return trellis::providers::keyvalue::table();
}
