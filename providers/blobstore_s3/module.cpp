// The entry of lib/trellis-blobstore_s3.so: the blob store on S3 as a library of its own.
#include "providers/blobstore_s3/blobstore_s3.hpp"

extern "C" [[gnu::visibility("default")]] const trellis_provider_table* trellis_provider_v1() {
  return trellis::providers::blobstore_s3::table();
}
