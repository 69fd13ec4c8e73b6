// The entry of lib/trellis-httpclient.so: the HTTP client as a library of its own.
#include "providers/httpclient/httpclient.hpp"

extern "C" [[gnu::visibility("default")]] const trellis_provider_table* trellis_provider_v1() {
  return trellis::providers::httpclient::table();
}
