#include "lattice/anti_forgery.hpp"

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "codec/messages/core.hpp"
#include "identity/validation.hpp"

namespace trellis::lattice {
namespace {

/// Refusal of a call. Its code tells kinds apart that deserve a log record of their own each.
std::unexpected<Error> refused(std::string_view why, std::string_view remedy = {},
                               ErrorCode code = ErrorCode::denied) {
  return fail(code, fmt::format("invocation refused: {}", why), std::string(remedy));
}

/// Names outside ASCII are refused at the sender already: first-party hosts lower-case URLs by
/// Unicode, so their hash would be another one (lattice.md 3.1).
Result<void> require_ascii_names(const Entity& entity) {
  const auto* provider = entity.capability();
  if (provider == nullptr || (is_ascii(provider->contract_id) && is_ascii(provider->link_name))) {
    return {};
  }
  return fail(ErrorCode::invalid_argument,
              "contract ids and link names that cross the lattice must be ASCII",
              "hosts would disagree about their lower-case form (lattice.md 3.1)");
}

std::uint64_t unix_seconds(WallTime time) {
  const auto since = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  return since < 0 ? 0 : static_cast<std::uint64_t>(since);
}

/// Operations that only a host itself may order (lattice.md 4.6).
bool is_internal(std::string_view operation, const Entity& target) {
  namespace op = codec::core::operation;
  return operation.starts_with("__") || operation == op::bind_actor ||
         operation == op::remove_actor || (operation == op::health_request && !target.is_actor());
}

}  // namespace

Result<Invocation> sign_call(const Entity& origin, const Entity& target, std::string_view operation,
                             ByteView msg, const identity::KeyPair& key, Random& random,
                             const Clock& clock) {
  for (const auto* entity : {&origin, &target}) {
    if (auto names = require_ascii_names(*entity); !names) return pass(names);
  }
  Invocation call{origin,
                  target,
                  std::string(operation),
                  Bytes(msg.begin(), msg.end()),
                  make_uuid(random),
                  {},
                  key.public_key().text()};
  identity::InvocationClaims claims;
  // Claims bind each part of the call: sub its id, iss its host, the hash all else (lattice.md 3.2,
  // 3.3).
  claims.jti = make_nuid(random);
  claims.iat = unix_seconds(clock.wall());
  claims.sub = call.id;
  claims.target_url = call.target_url();
  claims.origin_url = call.origin.url();
  claims.hash = invocation_hash(claims.origin_url, claims.target_url, call.msg);
  auto token = identity::sign_claims(std::move(claims), key);
  if (!token) return pass(token);
  call.encoded_claims = std::move(*token);
  return call;
}

CallVerifier::CallVerifier(VerifierOptions options, std::shared_ptr<const Clock> clock,
                           Random& random)
    : options_(std::move(options)),
      allowed_(options_.allowed_hosts.begin(), options_.allowed_hosts.end()),
      clock_(std::move(clock)),
      replays_(options_.replay_window, options_.replay_capacity, random) {}

namespace {

/// Rows 4 to 8 of lattice.md 3.5. The hash alone is not enough: it has no separators, so that bytes
/// could move between target URL and message (3.2, Weakness).
Result<void> match_claims(const Invocation& call, const identity::InvocationClaims& claims) {
  const auto origin_url = call.origin.url();
  const auto target_url = call.target_url();
  if (claims.hash != invocation_hash(origin_url, target_url, call.msg)) {
    return refused("the hash does not match (origin, target, operation or message was changed)");
  }
  if (claims.sub != call.id) return refused("the token's subject is not the invocation id");
  if (claims.iss != call.host_id) return refused("the token's issuer is not the sending host");
  if (claims.target_url != target_url) return refused("the token is for another target");
  if (claims.origin_url != origin_url) return refused("the token is for another origin");
  return {};
}

/// Rows 0 to 8 in first-party order, so that a call with two faults is refused for the same one
/// everywhere; the claims when all is well.
Result<identity::DecodedToken<identity::InvocationClaims>> genuine(const Invocation& call,
                                                                   WallTime now,
                                                                   identity::KeyCache& issuers) {
  auto token = identity::decode_cached_invocation(call.encoded_claims, issuers);
  if (!token) {
    return refused("its token is malformed: " + token.error().message, {}, ErrorCode::malformed);
  }
  if (identity::is_expired(token->claims, now)) {
    return refused("its token has expired", {}, ErrorCode::deadline);
  }
  if (!token->signature_valid()) return refused("the signature of its token is wrong");
  if (identity::is_too_early(token->claims, now)) {
    return refused("its token is not valid yet", "compare the clocks of the hosts",
                   ErrorCode::deadline);
  }
  if (auto match = match_claims(call, token->claims); !match) return pass(match);
  return token;
}

}  // namespace

Result<void> check_anti_forgery(const Invocation& call, WallTime now) {
  identity::KeyCache issuers;
  auto token = genuine(call, now, issuers);
  if (!token) return pass(token);
  return {};
}

Result<void> CallVerifier::verify(const Invocation& call, const Entity& served) const {
  // Cheap checks (rows 10 and 11) come first: a flood of calls that cannot be meant for this target
  // costs no signature check.
  if (call.target != served) {
    return refused(fmt::format("it is for {}, not for what is served here ({})", call.target.url(),
                               served.url()),
                   {}, ErrorCode::not_found);
  }
  if (is_internal(call.operation, call.target)) {
    return refused(fmt::format("operation {} is never taken from the lattice", call.operation));
  }
  const auto now = clock_->wall();
  auto token = genuine(call, now, issuers_);
  if (!token) return pass(token);
  if (token->issuer.type() != identity::KeyType::server) {
    return refused("its issuer is not a host key",
                   "hosts and clients sign with keys that begin with N");
  }
  return check_policy(call, token->claims.iat);
}

Result<void> CallVerifier::check_policy(const Invocation& call, std::uint64_t issued) const {
  if (!allowed_.empty() && !allowed_.contains(call.host_id)) {
    return refused("its host is not on the list of allowed hosts", "--allowed-host adds one");
  }
  const auto now = unix_seconds(clock_->wall());
  // Age is compared only where the token is from the past: a sender whose clock is ahead is no
  // older.
  const auto limit = static_cast<std::uint64_t>(options_.max_token_age.count());
  if (limit > 0 && issued < now && now - issued > limit) {
    return refused(
        fmt::format("its token is {} s old, at most {} are allowed", now - issued, limit),
        "compare the clocks of the machines");
  }
  // Replay check is last (row 12): forged calls must not fill the window or use up an id.
  if (!replays_.accept(call.id, clock_->steady())) {
    return refused("its id was used before (a replay)", {}, ErrorCode::already_exists);
  }
  return {};
}

}  // namespace trellis::lattice
