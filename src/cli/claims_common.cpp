#include "cli/claims_common.hpp"

#include <array>
#include <chrono>
#include <limits>
#include <utility>

namespace trellis::cli {
namespace {

constexpr std::uint64_t seconds_per_day = 86400;

std::uint64_t seconds_since_1970(const Clock& clock) {
  const auto now = std::chrono::floor<std::chrono::seconds>(clock.wall());
  return static_cast<std::uint64_t>(now.time_since_epoch().count());
}

Result<std::optional<std::uint64_t>> date_of(const std::optional<std::uint64_t>& days,
                                             std::uint64_t now, const char* option) {
  if (!days) return std::nullopt;
  // Bound by division, since the product would wrap first: a token that expired long ago in place
  // of one that never does.
  if (*days > (std::numeric_limits<std::uint64_t>::max() - now) / seconds_per_day) {
    return fail(ErrorCode::invalid_argument,
                std::string(option) + " is further away than a token can say", "give fewer days");
  }
  return now + *days * seconds_per_day;
}

}  // namespace

void add_date_options(Command& leaf, DateOptions& options) {
  leaf.add_option("-x,--expires", options.expires_days, "Days until the claims expire (else never)")
      .value_name("DAYS");
  leaf.add_option("-b,--nbf", options.not_before_days,
                  "Days until the claims can be used (else at once)")
      .value_name("DAYS");
}

Result<void> fill_envelope(identity::Envelope& envelope, const Context& context,
                           const std::string& subject, const DateOptions& dates) {
  const auto now = seconds_since_1970(context.clock);
  const auto expires = date_of(dates.expires_days, now, "--expires");
  if (!expires) return pass(expires);
  const auto not_before = date_of(dates.not_before_days, now, "--nbf");
  if (!not_before) return pass(not_before);
  // Identifier of the token, a NUID as in first-party tokens (identity.md 2).
  envelope.jti = make_nuid(context.random);
  envelope.iat = now;
  envelope.sub = subject;
  envelope.exp = *expires;
  envelope.nbf = *not_before;
  return {};
}

std::string friendly_name(const std::string& contract) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> names{{
      // Names of the first-party tool, in its spelling (cli.md 3.1); contracts it does not know are
      // shown as they are.
      {"wasmcloud:messaging", "Messaging"},
      {"wasmcloud:keyvalue", "K/V Store"},
      {"wasmcloud:httpserver", "HTTP Server"},
      {"wasmcloud:httpclient", "HTTP Client"},
      {"wasmcloud:blobstore", "Blob Store"},
      {"wasmcloud:eventstreams", "Event Streams"},
      {"wasmcloud:extras", "Extras"},
      {"wasmcloud:logging", "Logging"},
  }};
  for (const auto& [id, name] : names) {
    if (contract == id) return std::string(name);
  }
  return contract;
}

void add_claims(Command& app, Context& context) {
  auto& claims = app.add_subcommand("claims", "Sign modules, make and inspect tokens");
  claims.require_subcommand();
  add_claims_inspect(claims, context);
  add_claims_sign(claims, context);
  add_claims_token(claims, context);
}

}  // namespace trellis::cli
