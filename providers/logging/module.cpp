// The entry of lib/trellis-logging.so: the logging provider as a library of its own.
#include "providers/logging/logging.hpp"

extern "C" [[gnu::visibility("default")]] const trellis_provider_table* trellis_provider_v1() {
  return trellis::providers::logging::table();
}
