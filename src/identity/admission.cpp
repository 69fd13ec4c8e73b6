#include "identity/admission.hpp"

#include <algorithm>

#include "identity/module_token.hpp"
#include "identity/validation.hpp"

namespace trellis::identity {
namespace {

std::unexpected<Error> denied(std::string message, std::string remedy) {
  return fail(ErrorCode::denied, std::move(message), std::move(remedy));
}

/// Dates and signature, in the order of 5.1 rows 5-7. `what` begins the message: "Actor claims".
template <class Claims>
Result<void> check_validity(const DecodedToken<Claims>& token, const std::string& what,
                            WallTime now) {
  if (is_too_early(token.claims, now)) {
    return denied(what + " cannot be used yet",
                  "they can be used " + not_before_text(token.claims, now));
  }
  if (is_expired(token.claims, now)) {
    return denied(what + " have expired",
                  "they expired " + expires_text(token.claims, now) + ": sign again");
  }
  if (!token.signature_valid()) {
    return denied(what + " token has invalid signature",
                  "the token was changed after it was signed: sign again");
  }
  return {};
}

/// Rows 8 and 9: types of subject and issuer, and the issuer list.
Result<void> check_keys(const Envelope& claims, const PublicKey& issuer, KeyType subject_type,
                        const AdmissionPolicy& policy) {
  // Subject becomes a part of subjects, of keys in the cache and of addresses: its type matters
  // though it never signs anything (D6).
  const auto subject = PublicKey::parse(claims.sub);
  if (!subject || subject->type() != subject_type) {
    return denied("Subject of the claims is not a " + std::string(to_string(subject_type)) + " key",
                  std::string("sign with a subject key that begins with ") + letter(subject_type));
  }
  if (issuer.type() != KeyType::account) {
    return denied("Issuer of the claims is not an account key",
                  "sign with an issuer key that begins with A");
  }
  const auto& allowed = policy.allowed_issuers;
  if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), claims.iss) == allowed.end()) {
    return denied("Issuer of the claims is not trusted",
                  "add " + claims.iss + " to the allowed issuers of this host, if you trust it");
  }
  return {};
}

}  // namespace

Result<VerifiedActor> verify_actor_module(ByteView module, const AdmissionPolicy& policy,
                                          WallTime now) {
  // Hash is compared by extract_claims(), so that rows 1 to 4 are behind us when it succeeds.
  auto embedded = extract_claims(module);
  if (!embedded) return pass(embedded);
  if (!*embedded) {
    return denied("Unable to extract embedded token from WebAssembly module",
                  "sign the module first: trellis claims sign FILE --name NAME");
  }
  auto& [token, decoded] = **embedded;
  if (auto valid = check_validity(decoded, "Actor claims", now); !valid) return pass(valid);
  if (auto keys = check_keys(decoded.claims, decoded.issuer, KeyType::module, policy); !keys) {
    return pass(keys);
  }
  return VerifiedActor{std::move(decoded.claims), std::move(token)};
}

Result<VerifiedProvider> verify_provider_claims(std::string_view token,
                                                const AdmissionPolicy& policy, WallTime now) {
  auto decoded = decode_provider(token);
  if (!decoded) return pass(decoded);
  if (auto valid = check_validity(*decoded, "Provider claims", now); !valid) return pass(valid);
  if (auto keys = check_keys(decoded->claims, decoded->issuer, KeyType::service, policy); !keys) {
    return pass(keys);
  }
  return VerifiedProvider{std::move(decoded->claims), std::string(token)};
}

bool same_capabilities(const ActorClaims& a, const ActorClaims& b) {
  // Compared as multisets: order does not count, repeats do (identity.md 5.5).
  auto left = a.caps.value_or(std::vector<std::string>{});
  auto right = b.caps.value_or(std::vector<std::string>{});
  std::sort(left.begin(), left.end());
  std::sort(right.begin(), right.end());
  return left == right;
}

Result<void> check_update(const ActorClaims& running, const ActorClaims& next, bool strict,
                          bool same_issuer_required) {
  // Order of identity.md 5.5: whose module it is, then whether it is newer, then what it may do.
  if (next.sub != running.sub) {
    return denied("Public keys do not match, update denied",
                  "sign the new module with the subject key of " + running.sub);
  }
  if (same_issuer_required && next.iss != running.iss) {
    return denied("Issuers do not match, update denied",
                  "sign the new module with the issuer key of " + running.iss);
  }
  const auto old_revision = running.rev.value_or(0);
  const auto new_revision = next.rev.value_or(0);
  if (new_revision <= old_revision) {
    return denied("New module is not a higher revision, update denied",
                  "revision " + std::to_string(old_revision) + " is running, the new module is " +
                      std::to_string(new_revision) + ": sign with a higher --rev");
  }
  if (strict && !same_capabilities(running, next)) {
    return denied("Strict update check does not allow different capability claims, update denied",
                  "sign with the same capabilities, or restart the actor");
  }
  return {};
}

Capability has_capability(const ActorClaims& claims, std::string_view contract) {
  if (!claims.caps) return Capability::not_set;
  const auto found = std::find(claims.caps->begin(), claims.caps->end(), contract);
  return found == claims.caps->end() ? Capability::missing : Capability::granted;
}

}  // namespace trellis::identity
