// The checks before anything runs, one test per entry of identity.md 9 that this layer covers.
// Entries 1-4 (keys) are in keys_test.cpp, 5-7 in claims_test.cpp, 10-12 in module_token_test.cpp.
#include "identity/admission.hpp"

#include <gtest/gtest.h>

#include "identity/module_token.hpp"
#include "identity/test_keys.hpp"
#include "identity/test_tokens.hpp"

namespace trellis::identity {
namespace {

const WallTime today{std::chrono::seconds(1'700'000'000)};
const Bytes empty_module{0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00};

ActorClaims good_claims() {
  return decode_actor(test::t1.token)->claims;
}

Bytes signed_with(const ActorClaims& claims, const char* seed = test::account_seed) {
  return sign_module(empty_module, claims, test::pair_of(seed))->bytes;
}

std::string outcome(ByteView module, const AdmissionPolicy& policy = {}) {
  const auto actor = verify_actor_module(module, policy, today);
  if (actor) return "accepted";
  EXPECT_FALSE(actor.error().remedy.empty()) << actor.error().message;
  return actor.error().message;
}

Bytes with_bad_signature(Bytes module) {
  auto& byte = module[module.size() - 40];
  byte = byte == 'A' ? 'B' : 'A';
  return module;
}

TEST(Admission, AcceptsAGoodModule) {
  const auto module = signed_with(good_claims());
  const auto actor = verify_actor_module(module, {}, today);
  ASSERT_TRUE(actor) << actor.error().message;
  EXPECT_EQ(actor->claims, good_claims());
  EXPECT_EQ(actor->token, test::t1.token);
}

TEST(Admission, Reject01To03_KeysInClaims) {
  auto claims = good_claims();
  claims.sub = "MAU2ZOXBIG6MV4FSFYNJJU2NBPDTMHSSNUF74EWIS6KLZEZCSZW5PMMK";  // checksum
  EXPECT_EQ(outcome(signed_with(claims)), "Subject of the claims is not a module key");
}

TEST(Admission, Reject04And08_Signature) {
  EXPECT_EQ(outcome(with_bad_signature(signed_with(good_claims()))),
            "Actor claims token has invalid signature");
}

TEST(Admission, Reject05To07_MalformedToken) {
  auto module = signed_with(good_claims());
  module[30] = '!';
  EXPECT_TRUE(outcome(module).starts_with("malformed token"));
}

TEST(Admission, Reject08_Expired) {
  auto claims = good_claims();
  claims.exp = 1;
  EXPECT_EQ(outcome(signed_with(claims)), "Actor claims have expired");
}

TEST(Admission, Reject08_NotYetUsable) {
  auto claims = good_claims();
  claims.nbf = 4102444800;
  const auto module = signed_with(claims);
  const auto actor = verify_actor_module(module, {}, today);
  ASSERT_FALSE(actor);
  EXPECT_EQ(actor.error().message, "Actor claims cannot be used yet");
  EXPECT_NE(actor.error().remedy.find("in 76 years"), std::string::npos) << actor.error().remedy;
  EXPECT_EQ(actor.error().code, ErrorCode::denied);
}

TEST(Admission, Reject09_IssuerNotOnTheList) {
  const auto module = signed_with(good_claims());
  EXPECT_EQ(outcome(module, {{test::account_key}}), "accepted");
  EXPECT_EQ(outcome(module, {{"ACOJJN6WUP4ODD75XEBKKTCCUJJCY5ZKQ56XVKYK4BEJWGVAOOQHZMCW"}}),
            "Issuer of the claims is not trusted");
}

TEST(Admission, Reject10_NotAModule) {
  EXPECT_TRUE(outcome(as_bytes("#!/bin/sh")).starts_with("not a WebAssembly module"));
}

TEST(Admission, Reject11_NoOrSeveralTokens) {
  EXPECT_EQ(outcome(empty_module), "Unable to extract embedded token from WebAssembly module");
  auto twice = signed_with(good_claims());
  const Bytes section(twice.begin() + 8, twice.end());
  twice.insert(twice.end(), section.begin(), section.end());
  EXPECT_TRUE(outcome(twice).starts_with(
      "Unable to extract embedded token from WebAssembly module: it has 2 jwt sections"));
}

TEST(Admission, Reject12_ModuleChangedAfterSigning) {
  auto module = signed_with(good_claims());
  for (const std::uint8_t byte : {0x00, 0x02, 0x01, 0x78}) module.push_back(byte);
  EXPECT_EQ(outcome(module), "Invalid module hash");
}

TEST(Admission, Reject13_SubjectIsNoModuleKey) {
  auto claims = good_claims();
  for (const auto* subject : {test::service_key, test::account_key, "../..", "a"}) {
    claims.sub = subject;
    EXPECT_EQ(outcome(signed_with(claims)), "Subject of the claims is not a module key");
  }
}

TEST(Admission, Reject13_IssuerIsNoAccount) {
  EXPECT_EQ(outcome(signed_with(good_claims(), test::operator_seed)),
            "Issuer of the claims is not an account key");
  EXPECT_EQ(outcome(signed_with(good_claims(), test::server_seed)),
            "Issuer of the claims is not an account key");
}

TEST(Admission, OrderOfTheChecks) {
  auto claims = good_claims();
  claims.exp = 1;
  claims.nbf = 4102444800;
  claims.sub = test::service_key;
  auto module = with_bad_signature(signed_with(claims, test::operator_seed));
  EXPECT_EQ(outcome(module, {{"nobody"}}), "Actor claims cannot be used yet");
  claims.nbf.reset();
  module = with_bad_signature(signed_with(claims, test::operator_seed));
  EXPECT_EQ(outcome(module, {{"nobody"}}), "Actor claims have expired");
  claims.exp.reset();
  module = with_bad_signature(signed_with(claims, test::operator_seed));
  EXPECT_EQ(outcome(module, {{"nobody"}}), "Actor claims token has invalid signature");
  module = signed_with(claims, test::operator_seed);
  EXPECT_EQ(outcome(module, {{"nobody"}}), "Subject of the claims is not a module key");
  claims.sub = test::module_key;
  module = signed_with(claims, test::operator_seed);
  EXPECT_EQ(outcome(module, {{"nobody"}}), "Issuer of the claims is not an account key");
  module.push_back(0);
  EXPECT_TRUE(outcome(module).starts_with("not a WebAssembly module"));
}

std::string provider_outcome(const ProviderClaims& claims, const char* seed,
                             const AdmissionPolicy& policy = {}) {
  const auto token = sign_claims(claims, test::pair_of(seed));
  const auto provider = verify_provider_claims(*token, policy, today);
  return provider ? "accepted" : provider.error().message;
}

TEST(Admission, Provider16_TokenChecks) {
  auto claims = decode_provider(test::t3.token)->claims;
  EXPECT_EQ(provider_outcome(claims, test::account_seed), "accepted");
  EXPECT_EQ(provider_outcome(claims, test::account_seed, {{"nobody"}}),
            "Issuer of the claims is not trusted");
  EXPECT_EQ(provider_outcome(claims, test::operator_seed),
            "Issuer of the claims is not an account key");
  claims.sub = test::module_key;
  EXPECT_EQ(provider_outcome(claims, test::account_seed),
            "Subject of the claims is not a service key");
  claims.exp = 1;
  EXPECT_EQ(provider_outcome(claims, test::account_seed), "Provider claims have expired");
  claims.nbf = 4102444800;
  EXPECT_EQ(provider_outcome(claims, test::account_seed), "Provider claims cannot be used yet");
  std::string token = test::t3.token;
  const auto middle = token.rfind('.') + 40;
  token[middle] = token[middle] == 'A' ? 'B' : 'A';
  EXPECT_EQ(verify_provider_claims(token, {}, today).error().message,
            "Provider claims token has invalid signature");
  EXPECT_FALSE(verify_provider_claims(test::t1.token, {}, today));
}

TEST(Admission, BuiltInProvidersVerify) {
  EXPECT_TRUE(verify_provider_claims(test::t7.token, {}, today));
  EXPECT_TRUE(verify_provider_claims(test::t8.token, {}, today));
}

TEST(Capabilities, Reject20_MissingOrNotSet) {
  auto claims = good_claims();
  EXPECT_EQ(has_capability(claims, "wasmcloud:keyvalue"), Capability::granted);
  EXPECT_EQ(has_capability(claims, "wasmcloud:keyvalu"), Capability::missing);
  EXPECT_EQ(has_capability(claims, "WASMCLOUD:KEYVALUE"), Capability::missing);
  EXPECT_EQ(has_capability(claims, "wascc:key_value"), Capability::missing);
  claims.caps = std::vector<std::string>{};
  EXPECT_EQ(has_capability(claims, "wasmcloud:keyvalue"), Capability::missing);
  claims.caps.reset();
  EXPECT_EQ(has_capability(claims, "wasmcloud:keyvalue"), Capability::not_set);
}

std::string update_outcome(const ActorClaims& running, const ActorClaims& next, bool strict = true,
                           bool same_issuer = true) {
  const auto allowed = check_update(running, next, strict, same_issuer);
  return allowed ? "allowed" : allowed.error().message;
}

ActorClaims revision(std::optional<std::int32_t> rev) {
  auto claims = good_claims();
  claims.rev = rev;
  return claims;
}

TEST(Updates, Reject24_RevisionMustGrow) {
  EXPECT_EQ(update_outcome(revision(0), revision(1)), "allowed");
  EXPECT_EQ(update_outcome(revision({}), revision(1)), "allowed");
  EXPECT_EQ(update_outcome(revision(-1), revision({})), "allowed");
  const std::string refused = "New module is not a higher revision, update denied";
  EXPECT_EQ(update_outcome(revision(1), revision(1)), refused);
  EXPECT_EQ(update_outcome(revision(1), revision(0)), refused);
  EXPECT_EQ(update_outcome(revision({}), revision(0)), refused);
  EXPECT_EQ(update_outcome(revision({}), revision(-1)), refused);
}

TEST(Updates, Reject24_SubjectMustStay) {
  auto next = revision(2);
  next.sub = "MBCFOPM6JW2APJLXJD3Z5O4CN7CPYJ2B4FTKLJUR5YR5MITIU7HD3WD5";
  EXPECT_EQ(update_outcome(revision(1), next), "Public keys do not match, update denied");
}

TEST(Updates, Reject24_IssuerMustStayUnlessAllowed) {
  auto next = revision(2);
  next.iss = "ACOJJN6WUP4ODD75XEBKKTCCUJJCY5ZKQ56XVKYK4BEJWGVAOOQHZMCW";
  EXPECT_EQ(update_outcome(revision(1), next), "Issuers do not match, update denied");
  EXPECT_EQ(update_outcome(revision(1), next, true, false), "allowed");
}

TEST(Updates, Reject24_CapabilitiesUnderTheStrictCheck) {
  auto next = revision(2);
  next.caps = {"wasmcloud:logging", "wasmcloud:keyvalue"};
  EXPECT_EQ(update_outcome(revision(1), next), "allowed");
  next.caps->push_back("wasmcloud:logging");
  EXPECT_EQ(update_outcome(revision(1), next),
            "Strict update check does not allow different capability claims, update denied");
  EXPECT_EQ(update_outcome(revision(1), next, false), "allowed");
  EXPECT_FALSE(same_capabilities(revision(1), next));

  auto none = revision(1);
  none.caps.reset();
  next.caps = std::vector<std::string>{};
  EXPECT_EQ(update_outcome(none, next), "allowed");
}

TEST(Updates, OtherMembersMayChange) {
  auto next = revision(2);
  next.name = "other";
  next.tags = {"x"};
  next.ver = "9";
  next.call_alias = "other";
  next.exp = 4102444800;
  EXPECT_EQ(update_outcome(revision(1), next), "allowed");
}

TEST(Updates, Reject25_NewModuleMustBeAdmissible) {
  auto claims = revision(2);
  claims.exp = 1;
  EXPECT_EQ(outcome(signed_with(claims)), "Actor claims have expired");
}

}  // namespace
}  // namespace trellis::identity
