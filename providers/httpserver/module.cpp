// Entry of lib/trellis-httpserver.so: the httpserver provider as a library of its own.
#include "providers/httpserver/httpserver.hpp"

extern "C" [[gnu::visibility("default")]] const trellis_provider_table* trellis_provider_v1() {
  return trellis::providers::httpserver::table();
}
