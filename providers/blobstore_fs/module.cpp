// The entry of lib/trellis-blobstore_fs.so: the blob store on files as a library of its own.
#include "providers/blobstore_fs/blobstore_fs.hpp"

extern "C" [[gnu::visibility("default")]] const trellis_provider_table* trellis_provider_v1() {
  return trellis::providers::blobstore_fs::table();
}
