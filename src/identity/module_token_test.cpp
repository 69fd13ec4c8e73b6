#include "identity/module_token.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "identity/test_keys.hpp"
#include "identity/test_tokens.hpp"
#include "identity/validation.hpp"
#include "wasm/canonical.hpp"

namespace trellis::identity {
namespace {

Bytes hex(const std::string& text) {
  const auto bytes = from_hex(text);
  EXPECT_TRUE(bytes) << text;
  return bytes.value_or(Bytes{});
}

/// The empty module and, behind it, sections in hex.
Bytes module_of(const std::string& sections) {
  return hex("0061736d01000000" + sections);
}

/// A custom section with a short name and payload.
std::string custom(const std::string& name, const std::string& payload) {
  Bytes section{0};
  wasm::append_u32(section, static_cast<std::uint32_t>(1 + name.size() + payload.size()));
  wasm::append_u32(section, static_cast<std::uint32_t>(name.size()));
  return to_hex_lower(section) + to_hex_lower(as_bytes(name)) + to_hex_lower(as_bytes(payload));
}

Bytes w1() {
  return module_of(custom("jwt", test::t1.token));
}

std::string why(ByteView module) {
  const auto found = extract_claims(module);
  if (!found) return found.error().message;
  return *found ? "claims" : "unsigned";
}

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST(WorkedModules, W1) {
  const auto module = w1();
  EXPECT_EQ(module.size(), 678U);
  EXPECT_EQ(to_hex_lower(sha256(module)),
            "e61217ce8bb7ea44a47211a516ff321b6e27dac97dbd7b0891c38e4272ab6309");
  EXPECT_EQ(why(module), "claims");
  const auto token = decode_actor(test::t1.token);
  const auto made = sign_module(module_of(""), token->claims, test::pair_of(test::account_seed));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->bytes, module);
  EXPECT_EQ(made->hash, "93A44BBB96C751218E4C00D479E4C14358122A389ACCA16205B1E4D0DC5F9476");
}

TEST(WorkedModules, W2IsFirstParty) {
  const auto module = hex(test::w2_signed_hex);
  EXPECT_EQ(module.size(), 751U);
  const auto found = extract_claims(module);
  ASSERT_TRUE(found && *found);
  const auto& claims = (*found)->decoded.claims;
  EXPECT_EQ(claims.iss, "ACCHS57D3P2VEON5MQCJM4YA34GYBDFZR3IBG5EQNUONIHBO5X4NIURC");
  EXPECT_EQ(claims.sub, "MBQ2RC3BARXFWTBFW5UJ6J3QSAVYJ7D64Z5LRCPR3UI44F65Q3OMNGYM");
  EXPECT_FALSE(claims.rev);
  EXPECT_TRUE((*found)->decoded.signature_valid());
  EXPECT_EQ(claims.hash, module_hash(hex(test::w2_unsigned_hex), std::nullopt));
  EXPECT_EQ(wasm::canonical_module(module), module);
}

TEST(WorkedModules, W2ResignedKeepsItsPlaceAndHash) {
  const auto token = decode_actor(test::t2.token);
  const auto unsigned_module = hex(test::w2_unsigned_hex);
  const auto fresh = sign_module(unsigned_module, token->claims, test::pair_of(test::account_seed));
  const auto again =
      sign_module(hex(test::w2_signed_hex), token->claims, test::pair_of(test::account_seed));
  ASSERT_TRUE(fresh && again);
  EXPECT_EQ(fresh->token, test::t2.token);
  EXPECT_EQ(fresh->bytes, again->bytes);
}

TEST(WorkedModules, W3CanonicalForm) {
  const auto padded = module_of("018480800001600000");
  EXPECT_EQ(sha256_upper_hex(padded),
            "F527EA0BE7AB79D47D65B8A5189CC62362D6E1898CAB9A9699EDB09A1DC6D10F");
  const auto canonical = wasm::canonical_module(padded);
  ASSERT_TRUE(canonical) << canonical.error().message;
  EXPECT_EQ(*canonical, module_of("010401600000"));
  EXPECT_EQ(sha256_upper_hex(*canonical),
            "968E98ACD3E2898569441C1769845BC3AD79616458FFCD1CCE35FADB48FF7381");
}

TEST(WorkedModules, NegativesOfTheSpecification) {
  auto signature_changed = w1();
  signature_changed[600] = signature_changed[600] == 'A' ? 'B' : 'A';
  const auto found = extract_claims(signature_changed);
  ASSERT_TRUE(found && *found);
  EXPECT_FALSE((*found)->decoded.signature_valid());

  auto section_added = w1();
  for (const auto byte : hex("00020178")) section_added.push_back(byte);
  EXPECT_EQ(why(section_added), "Invalid module hash");

  auto code_changed = hex(test::w2_signed_hex);
  ASSERT_EQ(code_changed[42], 0x0a);
  code_changed[42] = 0x0b;
  EXPECT_EQ(why(code_changed), "Invalid module hash");

  const auto twice = module_of(custom("jwt", test::t1.token) + custom("jwt", test::t1.token));
  EXPECT_SAYS(why(twice), "2 jwt sections");
}

TEST(ModuleRejection, LowerCaseHashDoesNotMatch) {
  auto claims = decode_actor(test::t1.token)->claims;
  claims.hash = to_lower_ascii(claims.hash);
  const auto token = sign_claims(claims, test::pair_of(test::account_seed));
  EXPECT_EQ(why(module_of(custom("jwt", *token))), "Invalid module hash");
}

TEST(ModuleRejection, SectionsThatAreNotWellFormed) {
  const struct {
    const char* sections;
    const char* says;
  } rows[] = {
      {"0d0178", "unknown section 13"},
      {"010100010100", "repeated"},
      {"030201000104016000000000", "out of order"},
      {"0101000301000a01000c0100", "out of order"},
      {"0105", "ends too early"},
      {"01ff", "ends too early"},
      {"00", "ends too early"},
      {"01ffffffff0f", "ends too early"},
      {"01ffffffff1f", "larger than 32 bits"},
      {"01808080808000", "larger than 32 bits"},
      {"0000", "ends too early"},
      {"0002ff01", "ends too early"},
      {"000202ff", "ends too early"},
      {"000201ff", "not UTF-8"},
  };
  for (const auto& row : rows) EXPECT_SAYS(why(module_of(row.sections)), row.says);
  EXPECT_EQ(why(module_of("0101000c01000a01000b0100")), "unsigned");
}

TEST(ModuleRejection, HeaderAndComponents) {
  EXPECT_SAYS(why({}), "magic");
  EXPECT_SAYS(why(hex("0061736d")), "magic");
  EXPECT_SAYS(why(hex("7f454c4601000000")), "magic");
  EXPECT_SAYS(why(hex("0061736d02000000")), "version");
  EXPECT_SAYS(why(hex("0061736d0d000100")), "component");
}

TEST(ModuleRejection, TokenSections) {
  EXPECT_EQ(why(module_of("")), "unsigned");
  EXPECT_EQ(why(module_of(custom("wasmcloud_jwt", test::t1.token))), "unsigned");
  EXPECT_EQ(why(module_of(custom("JWT", test::t1.token))), "unsigned");
  EXPECT_SAYS(why(module_of(custom("jwt", ""))), "1 segments");
  EXPECT_SAYS(why(module_of(custom("jwt", std::string(test::t1.token) + "\n"))), "base64url");
  EXPECT_SAYS(why(module_of(custom("jwt", test::t4.token))), "hash is missing");
}

/// Where a module may end: behind the header and behind each section.
std::set<std::size_t> ends_of_sections(ByteView module) {
  std::set<std::size_t> ends{8};
  for (std::size_t at = 8; at < module.size();) {
    std::size_t size = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = module[++at];
      size |= std::size_t{byte & 0x7fU} << shift;
      if (byte < 0x80) break;
    }
    at += 1 + size;
    ends.insert(at);
  }
  return ends;
}

/// The token is in the last section: each shorter prefix is unsigned where it is whole sections,
/// and refused everywhere else, by both who read it.
TEST(ModuleRejection, EveryPrefixOfASignedModule) {
  const auto module = hex(test::w2_signed_hex);
  const auto ends = ends_of_sections(module);
  ASSERT_GE(ends.size(), 5U);
  ASSERT_EQ(*ends.rbegin(), module.size());
  for (std::size_t length = 0; length < module.size(); ++length) {
    const auto prefix = ByteView(module).first(length);
    const auto found = extract_claims(prefix);
    EXPECT_EQ(found.has_value(), ends.contains(length)) << length;
    EXPECT_FALSE(found && *found) << length;
    EXPECT_EQ(wasm::canonical_module(prefix).has_value(), ends.contains(length)) << length;
  }
}

}  // namespace
}  // namespace trellis::identity
