// wasmcloud:blobstore on S3 and what speaks like it (contracts.md 3.6): a container is a bucket, an
// object a key.
//
// Requests are signed with Signature Version 4. Objects beyond 8 MiB are sent in parts. Names are
// those of S3; keys with a `.` or `..` between slashes are refused, as HTTP has no way to send
// them.
//
// Link values: those of providers/blobstore/link.hpp, and
//   AWS_ACCESS_KEY, AWS_SECRET_ACCESS_KEY   required
//   AWS_TOKEN        of temporary credentials
//   REGION           default us-east-1
//   ENDPOINT         http or https URL, or a host (default https://s3.<region>.amazonaws.com)
//   HTTP_PROXY       URL of a proxy
//   CA_FILE          PEM file of authorities trusted in place of the system's
//   CONNECTIONS      requests at a time (1-256, default 16)
//   TIMEOUT_MS       of one request (100-600000, default 30000); the call's deadline bounds it too
//   MAX_BLOB_BYTES   of one object (default 5368709120)
//   MAX_OBJECTS      listed of one bucket (default 100000)
#pragma once

#include "trellis/provider.h"

namespace trellis::providers::blobstore_s3 {

[[nodiscard]] const trellis_provider_table* table() noexcept;

}  // namespace trellis::providers::blobstore_s3
