// Parts that the subcommands of `claims` share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cli/command.hpp"
#include "identity/claims.hpp"

namespace trellis::cli {

/// --expires and --nbf, both in days from now.
struct DateOptions {
  std::optional<std::uint64_t> expires_days;
  std::optional<std::uint64_t> not_before_days;
};
void add_date_options(Command& leaf, DateOptions& options);

/// Fills id, time of issue, subject and dates. Errors: more days than a token can hold.
[[nodiscard]] Result<void> fill_envelope(identity::Envelope& envelope, const Context& context,
                                         const std::string& subject, const DateOptions& dates);

/// "HTTP Server" for "wasmcloud:httpserver", …; unknown contracts as they are.
[[nodiscard]] std::string friendly_name(const std::string& contract);

void add_claims_sign(Command& claims, Context& context);
void add_claims_inspect(Command& claims, Context& context);
void add_claims_token(Command& claims, Context& context);

}  // namespace trellis::cli
