// The entry of lib/trellis-extras.so: the extras provider as a library of its own.
#include "providers/extras/extras.hpp"

extern "C" [[gnu::visibility("default")]] const trellis_provider_table* trellis_provider_v1() {
  return trellis::providers::extras::table();
}
