// wasmcloud:httpclient (contracts.md 3.2): requests of actors to servers elsewhere, with libcurl.
//
// `Request` with every method but CONNECT; a body is sent with every method but HEAD. Certificates
// are always verified. Compressed answers are decoded. Redirects are followed; credentials go only
// to the origin they were meant for.
//
// Link values, all optional:
//   timeout             of a whole request, in seconds (1-3600, default 30); the deadline of the
//                       call bounds it too
//   max_redirects       0-50 (default 10); 0: the actor gets the redirect itself
//   CONNECTIONS         requests at a time (1-256, default 16); more wait
//   CONNECT_TIMEOUT_MS  1-60000 (default 10000)
//   MAX_RESPONSE_BYTES  of one body, decoded (default 8388608, at most 15 MiB)
//   CA_FILE             PEM file of authorities trusted in place of the system's
//   PROXY               http or https URL of a proxy; variables of the environment do not count
//   ALLOW, DENY         which addresses may be reached: address_rules.hpp
#pragma once

#include "trellis/provider.h"

namespace trellis::providers::httpclient {

[[nodiscard]] const trellis_provider_table* table() noexcept;

}  // namespace trellis::providers::httpclient
