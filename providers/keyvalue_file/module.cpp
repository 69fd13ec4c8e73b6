// The entry of lib/trellis-keyvalue_file.so: key-value on disk as a library of its own.
#include "providers/keyvalue_file/keyvalue_file.hpp"

extern "C" [[gnu::visibility("default")]] const trellis_provider_table* trellis_provider_v1() {
  return trellis::providers::keyvalue_file::table();
}
