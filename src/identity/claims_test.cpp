#include "identity/claims.hpp"

#include <gtest/gtest.h>

#include "base/binary_text.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "identity/test_keys.hpp"
#include "identity/test_tokens.hpp"
#include "identity/token.hpp"
#include "json/json_string.hpp"
#include "json/json_value.hpp"

namespace trellis::identity {
namespace {

using test::pair_of;

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

std::string segment(const std::string& json) {
  return base64url_encode(as_bytes(json));
}

/// A token over any header and claims text, rightly signed by K1.
std::string token_of(const std::string& header, const std::string& claims) {
  const auto signed_text = segment(header) + "." + segment(claims);
  return signed_text + "." +
         base64url_encode(pair_of(test::account_seed).sign(as_bytes(signed_text)));
}

const std::string good_header = R"({"typ":"jwt","alg":"Ed25519"})";

/// What decode_actor says about claims text in an otherwise good token.
std::string actor_says(const std::string& claims) {
  const auto token = decode_actor(token_of(good_header, claims));
  return token ? "accepted" : token.error().message;
}
std::string header_says(const std::string& header) {
  const auto token = decode_actor(token_of(header, test::t1.claims));
  return token ? "accepted" : token.error().message;
}

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

template <class Claims>
void check_worked(const test::WorkedToken& worked, const char* seed,
                  Result<DecodedToken<Claims>> (*decode)(std::string_view)) {
  SCOPED_TRACE(worked.id);
  const auto token = decode(worked.token);
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_TRUE(token->signature_valid());
  EXPECT_EQ(to_json(token->claims), worked.claims);
  if (seed == nullptr) return;
  EXPECT_EQ(sign_claims(token->claims, pair_of(seed)), worked.token);
}

TEST(WorkedTokens, T1ToT8ReproduceByteForByte) {
  check_worked(test::t1, test::account_seed, decode_actor);
  check_worked(test::t2, test::account_seed, decode_actor);
  check_worked(test::t3, test::account_seed, decode_provider);
  check_worked(test::t4, test::operator_seed, decode_account);
  check_worked(test::t5, test::operator_seed, decode_operator);
  check_worked(test::t6, test::server_seed, decode_invocation);
  check_worked(test::t7, nullptr, decode_provider);
  check_worked(test::t8, nullptr, decode_provider);
}

TEST(WorkedTokens, ValuesOfT1) {
  const auto token = decode_actor(test::t1.token);
  ASSERT_TRUE(token);
  const auto& c = token->claims;
  EXPECT_EQ(c.jti, "AAAAAAAAAAAAAAAAAAAAAA");
  EXPECT_EQ(c.iat, 1620000000U);
  EXPECT_EQ(c.iss, test::account_key);
  EXPECT_EQ(c.sub, test::module_key);
  EXPECT_FALSE(c.exp);
  EXPECT_FALSE(c.nbf);
  EXPECT_EQ(c.name, "vector");
  EXPECT_TRUE(c.tags && c.tags->empty());
  EXPECT_EQ(c.caps, (std::vector<std::string>{"wasmcloud:keyvalue", "wasmcloud:logging"}));
  EXPECT_EQ(c.rev, 1);
  EXPECT_EQ(c.ver, "0.1.0");
  EXPECT_EQ(c.call_alias, "spec/vector");
  EXPECT_FALSE(c.prov);
}

TEST(WorkedTokens, ChangedCharactersMakeTheSignatureInvalid) {
  std::string token = test::t1.token;
  const auto signature_at = token.rfind('.') + 40;
  token[signature_at] = token[signature_at] == 'A' ? 'B' : 'A';
  const auto changed = decode_actor(token);
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_FALSE(changed->signature_valid());

  auto claims = replaced(test::t1.claims, "\"rev\":1", "\"rev\":2");
  const std::string original = test::t1.token;
  const auto other = decode_actor(segment(good_header) + "." + segment(claims) +
                                  original.substr(original.rfind('.')));
  ASSERT_TRUE(other);
  EXPECT_FALSE(other->signature_valid());
}

TEST(TokenRejection, NumberOfSegments) {
  const std::string token = test::t1.token;
  EXPECT_SAYS(decode_actor(token.substr(0, token.rfind('.'))).error().message, "2 segments");
  EXPECT_SAYS(decode_actor(token + ".AAAA").error().message, "4 segments");
  EXPECT_SAYS(decode_actor("").error().message, "1 segments");
}

TEST(TokenRejection, PaddingBlanksForeignCharactersAndUnusedBits) {
  const std::string token = test::t1.token;
  const auto dot = token.find('.');
  for (const auto* bad : {"=", " ", "\n", "+", "/", "A=", "%"}) {
    EXPECT_FALSE(decode_actor(token + bad)) << bad;
    EXPECT_FALSE(decode_actor(std::string(bad) + token)) << bad;
    EXPECT_FALSE(decode_actor(token.substr(0, dot) + bad + token.substr(dot))) << bad;
  }
  auto unused = token;
  ASSERT_EQ(unused.back(), 'Q');  // 010000: the last four bits are unused
  unused.back() = 'R';
  EXPECT_SAYS(decode_actor(unused).error().message, "signature is not canonical");
}

TEST(TokenRejection, SignatureLength) {
  const std::string token = test::t1.token;
  const auto front = token.substr(0, token.rfind('.') + 1);
  EXPECT_SAYS(decode_actor(front).error().message, "0 bytes");
  EXPECT_SAYS(decode_actor(front + base64url_encode(Bytes(63))).error().message, "63 bytes");
  EXPECT_SAYS(decode_actor(front + base64url_encode(Bytes(65))).error().message, "65 bytes");
}

TEST(TokenRejection, Header) {
  EXPECT_EQ(header_says(good_header), "accepted");
  EXPECT_EQ(header_says(R"( {"alg":"Ed25519", "kid":[1], "typ":"jwt"} )"), "accepted");
  for (const auto* alg : {"none", "EdDSA", "ed25519", "ed25519-nkey", "HS256", ""}) {
    EXPECT_SAYS(header_says(replaced(good_header, "Ed25519", alg)), "alg");
  }
  EXPECT_SAYS(header_says(R"({"typ":"JWT","alg":"Ed25519"})"), "typ");
  EXPECT_SAYS(header_says(R"({"alg":"Ed25519"})"), "typ");
  EXPECT_SAYS(header_says(R"({"typ":"jwt"})"), "alg");
  EXPECT_SAYS(header_says(R"({"typ":"jwt","alg":"none","alg":"Ed25519"})"), "alg");
  EXPECT_SAYS(header_says(R"({"typ":"jwt","alg":["Ed25519"]})"), "alg");
  EXPECT_SAYS(header_says(R"(["jwt","Ed25519"])"), "not a JSON object");
  EXPECT_SAYS(header_says("\xff"), "UTF-8");
}

TEST(TokenRejection, MissingMembers) {
  EXPECT_EQ(actor_says(test::t1.claims), "accepted");
  EXPECT_SAYS(actor_says(replaced(test::t1.claims, "\"jti\"", "\"x\"")), "jti is missing");
  EXPECT_SAYS(actor_says(replaced(test::t1.claims, "\"iat\"", "\"x\"")), "iat is missing");
  EXPECT_SAYS(actor_says(replaced(test::t1.claims, "\"iss\"", "\"x\"")), "iss is missing");
  EXPECT_SAYS(actor_says(replaced(test::t1.claims, "\"sub\"", "\"x\"")), "sub is missing");
  EXPECT_SAYS(actor_says(replaced(test::t1.claims, "\"hash\"", "\"x\"")), "hash is missing");
  EXPECT_SAYS(actor_says(replaced(test::t1.claims, "\"wascap\"", "\"x\"")), "wascap is missing");
  EXPECT_SAYS(actor_says("[]"), "not a JSON object");
  EXPECT_SAYS(actor_says("{} {}"), "more text");
}

TEST(TokenRejection, RepeatedMembers) {
  for (const auto* name : {"jti", "iat", "iss", "sub"}) {
    EXPECT_SAYS(actor_says(replaced(test::t1.claims, "{\"jti\"",
                                    "{\"" + std::string(name) + "\":1,\"jti\"")),
                "appears twice");
  }
  EXPECT_SAYS(actor_says(replaced(test::t1.claims, "\"caps\"", "\"caps\":[],\"caps\"")),
              "caps appears twice");
  EXPECT_SAYS(actor_says(replaced(test::t1.claims, "\"prov\"", "\"prov\":true,\"prov\"")),
              "prov appears twice");
  EXPECT_SAYS(actor_says(replaced(test::t1.claims, "\"jti\"", "\"exp\":1,\"exp\":1,\"jti\"")),
              "exp appears twice");
  EXPECT_EQ(actor_says(replaced(test::t1.claims, "\"jti\"", "\"q\":1,\"q\":2,\"jti\"")),
            "accepted");
}

TEST(TokenRejection, TimesAndRevisions) {
  const auto with_iat = [](const std::string& value) {
    return actor_says(replaced(test::t1.claims, "1620000000", value));
  };
  EXPECT_EQ(with_iat("0"), "accepted");
  EXPECT_EQ(with_iat("18446744073709551615"), "accepted");
  for (const auto* bad : {"-1", "-0", "1.0", "1.5", "1e3", "1E3", "18446744073709551616", "\"1\"",
                          "null", "true", "[]", "99999999999999999999999999"}) {
    EXPECT_SAYS(with_iat(bad), "iat has the wrong type");
  }
  for (const auto* bad : {"01", "+1", "0x1", ".5", "1.", "1e", "-", "NaN"}) {
    EXPECT_SAYS(with_iat(bad), "not JSON");
  }
  const auto with_rev = [](const std::string& value) {
    return actor_says(replaced(test::t1.claims, "\"rev\":1", "\"rev\":" + value));
  };
  for (const auto* good : {"0", "-7", "2147483647", "-2147483648", "null"}) {
    EXPECT_EQ(with_rev(good), "accepted");
  }
  for (const auto* bad : {"2147483648", "-2147483649", "1.0", "\"1\""}) {
    EXPECT_SAYS(with_rev(bad), "rev has the wrong type");
  }
}

TEST(TokenRejection, EmptyAndForeignKeys) {
  EXPECT_SAYS(actor_says(replaced(test::t1.claims, test::account_key, "")), "iss is empty");
  EXPECT_SAYS(actor_says(replaced(test::t1.claims, test::module_key, "")), "sub is empty");
  EXPECT_SAYS(actor_says(replaced(test::t1.claims, test::account_key, "X")), "issuer");
  EXPECT_SAYS(actor_says(replaced(test::t1.claims, test::account_key,
                                  "AAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAARSZ")),
              "issuer");
  EXPECT_SAYS(actor_says(replaced(test::t1.claims, test::account_key,
                                  "AAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAARSZ")),
              "small order");
}

TEST(TokenRejection, WrongTypes) {
  EXPECT_SAYS(actor_says(replaced(test::t1.claims, "\"tags\":[]", "\"tags\":[1]")), "tags");
  EXPECT_SAYS(actor_says(replaced(test::t1.claims, "\"tags\":[]", "\"tags\":\"a\"")), "tags");
  EXPECT_SAYS(actor_says(replaced(test::t1.claims, "\"prov\":false", "\"prov\":null")), "prov");
  EXPECT_SAYS(actor_says(replaced(test::t1.claims, "\"prov\":false", "\"prov\":0")), "prov");
  EXPECT_SAYS(actor_says(replaced(test::t1.claims, "\"ver\":\"0.1.0\"", "\"ver\":1")), "ver");
  EXPECT_SAYS(actor_says(replaced(test::t1.claims, "\"wascap\":{", "\"wascap\":[],\"x\":{")),
              "not a JSON object");
}

TEST(TokenRejection, NullMeansNotSet) {
  const auto token = decode_actor(
      token_of(good_header,
               replaced(test::t1.claims, "\"caps\":[\"wasmcloud:keyvalue\",\"wasmcloud:logging\"]",
                        "\"caps\":null")));
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_FALSE(token->claims.caps);
}

TEST(TokenRejection, ProviderTargets) {
  const auto says = [](const std::string& hashes) {
    const auto claims =
        replaced(test::t7.claims, "\"target_hashes\":{}", "\"target_hashes\":" + hashes);
    const auto token = decode_provider(token_of(good_header, claims));
    return token ? "accepted" : token.error().message;
  };
  EXPECT_EQ(says("{}"), "accepted");
  EXPECT_EQ(says(R"({"a":"1","b":"2"})"), "accepted");
  EXPECT_SAYS(says(R"({"a":"1","a":"2"})"), "twice");
  EXPECT_SAYS(says(R"({"a":1})"), "not a string");
  EXPECT_SAYS(says("null"), "not an object");
  EXPECT_SAYS(says(R"([])"), "not an object");
}

TEST(TokenRejection, DepthAndLength) {
  const auto nested = [](std::size_t depth) {
    return actor_says(
        replaced(test::t1.claims, "\"jti\"",
                 "\"x\":" + std::string(depth, '[') + std::string(depth, ']') + ",\"jti\""));
  };
  EXPECT_EQ(nested(limits::json_depth - 1), "accepted");
  EXPECT_SAYS(nested(limits::json_depth), "nested too deeply");
  EXPECT_SAYS(nested(20000), "nested too deeply");
  const auto long_token = decode_actor(std::string(limits::token_chars + 1, 'A'));
  ASSERT_FALSE(long_token);
  EXPECT_EQ(long_token.error().code, ErrorCode::limit);
}

TEST(Signing, RefusesWhatCouldNotBeRead) {
  auto claims = decode_actor(test::t1.token)->claims;
  claims.name = "\xc3";
  EXPECT_FALSE(sign_claims(claims, pair_of(test::account_seed)));
  claims.name = std::string(limits::token_chars, 'n');
  EXPECT_FALSE(sign_claims(claims, pair_of(test::account_seed)));
  claims.name = "n";
  claims.sub.clear();
  EXPECT_FALSE(sign_claims(claims, pair_of(test::account_seed)));
}

TEST(Signing, NormalisesTheCallAlias) {
  auto claims = decode_actor(test::t1.token)->claims;
  claims.call_alias = " WasmCloud/Examples.My-Ponger ";
  const auto token = sign_claims(claims, pair_of(test::account_seed));
  ASSERT_TRUE(token);
  EXPECT_EQ(decode_actor(*token)->claims.call_alias, "wasmcloud/examples_my_ponger");
}

TEST(JsonStrings, EscapesAreExact) {
  std::string out;
  append_json_string(out, "\"\\/\b\f\n\r\t\x01\x1f\x7f\u00fc\U0001f600");
  EXPECT_EQ(out, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\u00fc\U0001f600\"");
}

TEST(JsonStrings, ReadsEveryEscape) {
  const auto value = parse_strict_json(R"("\"\\\/\b\f\n\r\tA\u00fc\u20ac\ud83d\ude00")");
  ASSERT_TRUE(value) << value.error().message;
  EXPECT_EQ(value->text, "\"\\/\b\f\n\r\tA\u00fc\u20ac\U0001f600");
  for (const auto* bad : {R"("\ud83d")", R"("\ude00")", R"("\ud83dA")", R"("\u12")", R"("\x41")",
                          "\"\n\"", "\"open", R"("\)", R"("\u-123")"}) {
    EXPECT_FALSE(parse_strict_json(bad)) << bad;
  }
}

TEST(DisplayNames, Defaults) {
  EXPECT_EQ(display_name(ActorClaims{}), "Anonymous");
  EXPECT_EQ(display_name(ProviderClaims{}), "Unnamed Provider");
}

}  // namespace
}  // namespace trellis::identity
