// `call ACTOR METHOD /path`: requests to actors that serve HTTP, without a server in between.
#pragma once

#include "cli/call_data.hpp"

namespace trellis::cli {

/// Whether the words are a method and a path. Plain functions; main thread only.
[[nodiscard]] bool is_http(const CallData& data);

/// The Request message. Errors: invalid_argument for what no request may have; those of reading the
/// body.
[[nodiscard]] Result<Bytes> http_request(const CallData& data);

/// Shows the Response message as the options say. A status from 400 on is a failure reported by the
/// other side.
void show_http(Context& context, const OutputOptions& output, const CallData& data,
               const Bytes& answer);

}  // namespace trellis::cli
