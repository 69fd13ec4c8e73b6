// A link in one word of the command line.
#pragma once

#include <string_view>

#include "manifest/manifest.hpp"
#include "trellis/result.hpp"

namespace trellis::cli {

/// "keyvalue", "httpserver,BIND=127.0.0.1:8080", "keyvalue,provider=builtin:keyvalue-redis,URL=…":
/// a contract, which may be short, and what follows it. Commas that no KEY= follows belong to the
/// value before. Error: invalid_argument. Any thread.
[[nodiscard]] Result<manifest::Link> parse_link(std::string_view text);

}  // namespace trellis::cli
