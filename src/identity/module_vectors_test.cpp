// Runs tests/vectors/modules.json: extraction and embedding of tokens, module hashes.
#include <gtest/gtest.h>

#include "base/hash.hpp"
#include "identity/module_token.hpp"
#include "identity/test_keys.hpp"
#include "identity/validation.hpp"
#include "support/vectors.hpp"

namespace trellis::identity {
namespace {

using nlohmann::json;
using trellis::test::from_hex_or_fail;
using trellis::test::text_of;

/// The claims every embedding of the file uses (its introduction).
ActorClaims golden_claims(const json& keys) {
  ActorClaims claims;
  claims.jti = "GoldenModuleNuid000001";
  claims.iat = 1621000000;
  claims.sub = keys["module"]["public"];
  claims.name = "Golden";
  claims.caps = {"wasmcloud:keyvalue"};
  claims.rev = 1;
  claims.ver = "1.0";
  return claims;
}

std::string expected_extraction(const json& extract) {
  if (extract.is_string()) return "unsigned";
  return extract.contains("error") ? "refused" : "claims";
}

std::string extraction_of(const Bytes& module) {
  const auto found = extract_claims(module);
  if (!found) return "refused";
  return *found ? "claims" : "unsigned";
}

std::string expected_embedding(const json& embed) {
  if (embed.contains("error")) return "refused";
  return embed["module_hash"].get<std::string>() + " " + embed["signed_sha256"].get<std::string>();
}

std::string embedding_of(const Bytes& module, const json& embed, const json& keys) {
  const auto issuer = KeyPair::from_seed(keys["account"]["seed"].get<std::string>());
  const auto made = sign_module(module, golden_claims(keys), *issuer);
  if (!made) return "refused";
  if (!embed.contains("error")) {
    EXPECT_EQ(made->token, text_of(embed["jwt"]));
    EXPECT_EQ(made->bytes, from_hex_or_fail(embed["signed_hex"]));
  }
  return made->hash + " " + to_hex_lower(sha256(made->bytes));
}

/// Of the public test actors the file carries the token only.
void check_token_only(const json& c) {
  const auto& extract = c["extract"];
  const auto token = decode_actor(extract["jwt"].get<std::string>());
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_EQ(to_json(token->claims), text_of(extract["claims_json"]));
  EXPECT_TRUE(validate(*token, WallTime(std::chrono::seconds(1'700'000'000))).usable());
  EXPECT_EQ(token->claims.hash, text_of(c["embed"]["module_hash"]));
}

TEST(ModuleVectors, All) {
  trellis::test::VectorRun run("modules.json");
  const auto& keys = run.document()["keys"];
  for (const auto& c : run.cases()) {
    const std::string name = c["name"];
    SCOPED_TRACE(name);
    if (c["input"]["bytes_hex"].is_null()) {
      check_token_only(c);
      run.no_bytes();
      continue;
    }
    const auto module = from_hex_or_fail(c["input"]["bytes_hex"]);
    EXPECT_EQ(to_hex_lower(sha256(module)), text_of(c["input"]["sha256"]));
    run.compare(name, expected_extraction(c["extract"]) + "; " + expected_embedding(c["embed"]),
                extraction_of(module) + "; " + embedding_of(module, c["embed"], keys));
  }
  run.finish();
}

}  // namespace
}  // namespace trellis::identity
