// The link values that place an actor on an address it shares, and those of CORS.
#pragma once

#include <optional>
#include <string_view>

#include "codec/fields.hpp"
#include "providers/httpserver/options.hpp"
#include "trellis/result.hpp"

namespace trellis::providers::httpserver {

/// Remedy for a link value that is wrong.
inline constexpr std::string_view link_remedy = "correct the link and put it again";

/// HOSTS, PATH_PREFIX and STRIP_PREFIX. Errors name the key. Any thread.
[[nodiscard]] Result<void> read_route(const codec::StringMap& values, Options& out);

/// CORS_ORIGINS and the other CORS_ values; nothing without CORS_ORIGINS. Errors name the key. Any
/// thread.
[[nodiscard]] Result<void> read_cors(const codec::StringMap& values, std::optional<CorsRules>& out);

}  // namespace trellis::providers::httpserver
