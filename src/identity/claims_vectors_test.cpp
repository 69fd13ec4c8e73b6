// Runs tests/vectors/claims.json: tokens byte for byte, validation results, alias normalisation.
#include <gtest/gtest.h>

#include "identity/claims.hpp"
#include "identity/test_keys.hpp"
#include "identity/token.hpp"
#include "identity/validation.hpp"
#include "support/vectors.hpp"

namespace trellis::identity {
namespace {

using nlohmann::json;
using trellis::test::text_of;

/// The vectors' validation results hold at any time between 2021 and 2099.
const WallTime vectors_time{std::chrono::seconds(1'700'000'000)};

std::string flags(bool signature, bool expired, bool early) {
  return std::string(signature ? "signed" : "badly signed") + (expired ? ", expired" : "") +
         (early ? ", not yet" : "");
}

std::string expected_validation(const json& v) {
  if (v.contains("panic")) return "aborts";
  if (v.contains("error")) return "refused";
  return flags(v["signature_valid"], v["expired"], v["cannot_use_yet"]);
}

template <class Claims>
std::string validation_of(const Result<DecodedToken<Claims>>& token) {
  if (!token) return "refused";
  const auto v = validate(*token, vectors_time);
  return flags(v.signature_valid, v.expired, v.cannot_use_yet);
}

/// Whether our writer and signer reproduce text and token of a vector, then name and validation.
template <class Claims>
std::string outcome_of_token(const json& c,
                             Result<DecodedToken<Claims>> (*decode)(std::string_view)) {
  const std::string jwt = c["jwt"];
  const auto pair = KeyPair::from_seed(c["signing_seed"].get<std::string>());
  if (!pair) return "seed refused";
  if (make_token(text_of(c["input"]["claims_json"]), *pair) != jwt) return "other token";
  const auto token = decode(jwt);
  if (!token) return token.error().message;
  if (to_json(token->claims) != text_of(c["input"]["claims_json"])) return to_json(token->claims);
  if (sign_claims(token->claims, *pair) != jwt) return "signed claims differ";
  return display_name(token->claims) + ": " + validation_of(token);
}

std::string outcome_of_kind(const json& c) {
  const std::string kind = c["input"]["kind"];
  if (kind == "actor") return outcome_of_token(c, decode_actor);
  if (kind == "provider") return outcome_of_token(c, decode_provider);
  if (kind == "account") return outcome_of_token(c, decode_account);
  if (kind == "operator") return outcome_of_token(c, decode_operator);
  if (kind == "invocation") return outcome_of_token(c, decode_invocation);
  return "unknown kind " + kind;
}

TEST(ClaimsVectors, All) {
  trellis::test::VectorRun run("claims.json");
  for (const auto& c : run.cases()) {
    const std::string name = c["name"];
    const auto& input = c["input"];
    if (input.contains("alias")) {
      run.compare(name, c["alias"], normalise_call_alias(input["alias"].get<std::string>()));
      continue;
    }
    if (input.contains("kind")) {
      const auto expected =
          c["display_name"].get<std::string>() + ": " + expected_validation(c["validate"]);
      run.compare(name, expected, outcome_of_kind(c));
      continue;
    }
    const auto token = decode_actor(input["jwt"].get<std::string>());
    const bool decodes = c.value("decode_ok", true);
    run.compare(name,
                (decodes ? "decodes; " : "does not decode; ") + expected_validation(c["validate"]),
                (token ? "decodes; " : "does not decode; ") + validation_of(token));
  }
  run.finish();
}

}  // namespace
}  // namespace trellis::identity
