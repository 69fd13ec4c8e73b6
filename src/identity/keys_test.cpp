#include "identity/keys.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/text.hpp"
#include "identity/key_point.hpp"
#include "identity/test_keys.hpp"
#include "support/vectors.hpp"

namespace trellis::identity {
namespace {

using trellis::test::from_hex_or_fail;
using trellis::test::text_of;

std::array<std::uint8_t, 32> raw32(const std::string& hex) {
  std::array<std::uint8_t, 32> raw{};
  const auto bytes = from_hex_or_fail(hex);
  EXPECT_EQ(bytes.size(), raw.size());
  std::copy_n(bytes.begin(), std::min(bytes.size(), raw.size()), raw.begin());
  return raw;
}

std::string outcome_of_seed(const std::string& seed) {
  const auto pair = KeyPair::from_seed(seed);
  return pair ? pair->public_key().text() : "refused";
}

std::string outcome_of_public(const std::string& text) {
  const auto key = PublicKey::parse(text);
  return key ? key->text() : "refused";
}

std::string expected_result(const nlohmann::json& result) {
  if (result.contains("error")) return "refused";
  if (result.contains("ok")) return result["ok"] ? "verifies" : "does not verify";
  return result.at("public_key");
}

std::string outcome_of_verify(const nlohmann::json& input) {
  const auto key = PublicKey::parse(input.at("public_key").get<std::string>());
  if (!key) return "refused";
  const auto good =
      key->verify(from_hex_or_fail(input.at("msg_hex")), from_hex_or_fail(input.at("sig_hex")));
  return good ? "verifies" : "does not verify";
}

/// "" when pair, texts and signatures are those of the vector, else what differs.
std::string outcome_of_pair(const nlohmann::json& c) {
  const auto type = key_type_from(c["input"]["type"].get<std::string>());
  if (!type || static_cast<int>(*type) != c["input"]["prefix_byte"]) return "other type";
  const auto pair = KeyPair::from_raw_seed(*type, raw32(c["input"]["raw_seed_hex"]));
  if (pair.seed_text() != text_of(c["seed"])) return "other seed";
  if (pair.public_key().text() != text_of(c["public_key"])) return "other public key";
  if (outcome_of_seed(c["seed"]) != text_of(c["public_key"])) return "seed does not load";
  for (const auto& s : c["signatures"]) {
    const auto message = from_hex_or_fail(s["msg_hex"]);
    const auto signature = pair.sign(message);
    if (to_hex_lower(signature) != text_of(s["sig_hex"])) return "other signature";
    if (!pair.public_key().verify(message, signature)) return "own signature does not verify";
  }
  return "";
}

TEST(KeyVectors, All) {
  trellis::test::VectorRun run("nkeys.json");
  for (const auto& c : run.cases()) {
    const std::string name = c["name"];
    const auto& input = c["input"];
    if (input.contains("raw_seed_hex")) {
      run.compare(name, "", outcome_of_pair(c));
    } else if (input.contains("seed")) {
      run.compare(name, expected_result(c["result"]), outcome_of_seed(input["seed"]));
    } else if (input.contains("sig_hex")) {
      run.compare(name, expected_result(c["result"]), outcome_of_verify(input));
    } else {
      run.compare(name, expected_result(c["result"]), outcome_of_public(input["public_key"]));
    }
  }
  run.finish();
}

struct WorkedKey {
  const char* id;
  char letter;
  const char* raw_seed_first;  // of 32 bytes that count up
  const char* raw_public;
  const char* seed;
  const char* public_key;
  const char* signature;
};

// identity.md 1.5, signatures over "wasmcloud identity vector".
const WorkedKey worked[] = {
    {"K1", 'A', "00", "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
     "SAAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4HYMHI",
     "AAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QPZV",
     "374de53eaae74a21c60b5494dd17bc8b838bf6fc0c84cdddf8a692a1fd975025"
     "775df193898076030ecbf1ded76ac4e9c27c82a08e6d4d15758d67863cf6d206"},
    {"K2", 'M', "20", "29acbae141bccaf0b22e1a94d34d0bc7361e526d0bfe12c89794bc9322966dd7",
     "SMACAIJCEMSCKJRHFAUSUKZMFUXC6MBRGIZTINJWG44DSOR3HQ6T4P5C3E",
     "MAU2ZOXBIG6MV4FSFYNJJU2NBPDTMHSSNUF74EWIS6KLZEZCSZW5PMMJ",
     "e7daaeb498c89876d8104c036bdd3b0644da22d77f74c096e4aebe1e2e9ea728"
     "c2fa04273436eb3d0c38486c1cda0a96255a1f5ae0296a9d5bac400fea0baa0f"},
    {"K3", 'V', "40", "2543b92ff1095511476adc8369db6ddc933665a11978dda1404ee1066ca9559d",
     "SVAEAQKCINCEKRSHJBEUUS2MJVHE6UCRKJJVIVKWK5MFSWS3LROV4XZ6HI",
     "VASUHOJP6EEVKEKHNLOIG2O3NXOJGNTFUEMXRXNBIBHOCBTMVFKZ3YXJ",
     "d56e7f1818e94cc76d78f6d9d88b1cdf39a5dea598e8a28cf47e353583fafc21"
     "87ecd5ee1abe2492ee3dc1e5512491d2c0b54e4aac13244df8b4da2ca8969103"},
    {"KN", 'N', "60", "174553b456dddfc6908ecab1c101fe6ab21e2baa0617795b7d43a63482993fd5",
     "SNAGAYLCMNSGKZTHNBUWU23MNVXG64DROJZXI5LWO54HS6T3PR6X473DCU",
     "NALUKU5UK3O57RUQR3FLDQIB7ZVLEHRLVIDBO6K3PVB2MNECTE75KIVQ",
     "e8f8f2c7d75cb4dc07988d5aa1beb349d5010224a6d9220009f2f5e68431fc8e"
     "8e81d81087a2d7391b47365ce2262d8a9eeca434589754214e425f3a47e8c802"},
    {"KU", 'U', "80", "cd14b37f956e953194ff7fb73b3d81dcc561d61a7538094b7c3e1a643ee5f3aa",
     "SUAIBAMCQOCILBUHRCEYVC4MRWHI7EERSKJZJFMWS6MJTGU3TSOZ5H26XE",
     "UDGRJM37SVXJKMMU7573OOZ5QHOMKYOWDJ2TQCKLPQ7BUZB64XZ2VYU5",
     "ff12a3449d52aeb2b998b7c0953b4026cd3970b2aa38457ff215620270555fd4"
     "84d1de79682dda51019379a9e73bd1c902970914ba2c74d62300dc1af2e04902"},
    {"KO", 'O', "a0", "4fd099ccd47d7893dfe9ec24414ecb0d9b5420232aad30d91c465be33cbe65c4",
     "SOAKBINCUOSKLJVHVCU2VK5MVWXK7MFRWKZ3JNNWW64LTOV3XS635PYBKA",
     "OBH5BGOM2R6XRE675HWCIQKOZMGZWVBAEMVK2MGZDRDFXYZ4XZS4I6XR",
     "3f0308395012de01c41d34e019790f39c3beee97ee2fef19c5900e01b143be06"
     "ab881c51623decb1d6933bf605e659e8e4e9927e5ea423422596dec4cb7db50b"},
    {"KC", 'C', "c0", "dde3bccec7f3a66a1115f45d720f4dc135c3ae7c4e22dca38fdb1efd6a495ff8",
     "SCAMBQOCYPCMLRWHZDE4VS6MZXHM7UGR2LJ5JVOW27MNTWW33TO55X3PDQ",
     "CDO6HPGOY7Z2M2QRCX2F24QPJXATLQ5OPRHCFXFDR7NR57LKJFP7QKUM",
     "1502a9ffb7dabca5e31e2b85c4252d3c5211abecf3c31181b3530edcc85c008d"
     "bdceacd5632e135e5307eec41d9c079feae6a92615a2165db936cd8895798408"},
};

TEST(WorkedKeys, TextsAndSignaturesAreThoseOfTheSpecification) {
  const auto message = as_bytes("wasmcloud identity vector");
  for (const auto& w : worked) {
    SCOPED_TRACE(w.id);
    const auto pair = KeyPair::from_seed(w.seed);
    ASSERT_TRUE(pair) << pair.error().message;
    EXPECT_EQ(letter(pair->type()), w.letter);
    EXPECT_EQ(pair->seed_text(), w.seed);
    EXPECT_EQ(pair->public_key().text(), w.public_key);
    EXPECT_EQ(to_hex_lower(pair->public_key().raw()), w.raw_public);
    EXPECT_EQ(to_hex_lower(pair->sign(message)), w.signature);
    auto counting = raw32(std::string(64, '0'));
    const auto first = from_hex_or_fail(w.raw_seed_first)[0];
    for (std::size_t i = 0; i < 32; ++i) counting[i] = static_cast<std::uint8_t>(first + i);
    EXPECT_EQ(KeyPair::from_raw_seed(pair->type(), counting).seed_text(), w.seed);
  }
}

TEST(WorkedKeys, PairOfTheNatsLibrary) {
  const auto pair =
      KeyPair::from_seed("SAAPN4W3EG6KCJGUQTKTJ5GSB5NHK5CHAJL4DBGFUM3HHROI4XUEP4OBK4");
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->public_key().text(), "ACODERUVFFAWZQDSS6SBIACUA5O6SXF7HJ3YTYXBALHZP3P7R4BUO4J2");
}

std::string why_public(std::string_view text) {
  const auto key = PublicKey::parse(text);
  return key ? "accepted" : key.error().message;
}
std::string why_seed(std::string_view text) {
  const auto pair = KeyPair::from_seed(text);
  return pair ? "accepted" : pair.error().message;
}

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST(KeyRejection, K4ChecksumOfAPublicKey) {
  EXPECT_SAYS(why_public("AAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QPZW"), "checksum");
}
TEST(KeyRejection, K5AndK6AreValidThoughTheReferenceRefusesThem) {
  EXPECT_EQ(why_public("ACN6BVMKTFJOFAEDOGXKVQCD6VR3VI53DLEFN6ZFKXJRQSXCIM3PGAE3"), "accepted");
  const auto pair =
      KeyPair::from_seed("SAAAAAAD3QAAAA64AAAAHXAAAAB5YAAAAPOAAAAD3QAAAA64AAAAHXEQAA");
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->public_key().text(), "ABQC7UTAJM2PHQEOOYZ7Q7HWYMVPYNFBPJOIW6GGRPJ22C5TGND635TO");
}
TEST(KeyRejection, K7SmallOrder) {
  EXPECT_SAYS(why_public("AAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAARSZ"),
              "small order");
}
TEST(KeyRejection, K8NoCurvePoint) {
  EXPECT_SAYS(why_public("AABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABDFS"), "curve");
}
TEST(KeyRejection, K9LowerCase) {
  EXPECT_SAYS(why_public("aab2cb576phbbpq5odorrz2lycmwpzgwgcn2kdk7dxoimzaskuy3qpzv"), "A-Z");
}
TEST(KeyRejection, K10UnusedBits) {
  EXPECT_SAYS(why_seed("SAAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4HYMHJ"),
              "unused bits");
}
TEST(KeyRejection, K11LowBitsOfTheHeader) {
  EXPECT_SAYS(why_seed("SAAQAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H6QW4"), "type");
}
TEST(KeyRejection, K12SeedOfUnknownType) {
  EXPECT_SAYS(why_seed("SXAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H74KM"), "type");
}
TEST(KeyRejection, K13PublicKeyOfUnknownType) {
  EXPECT_SAYS(why_public("PAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QAU5"), "type");
}
TEST(KeyRejection, Lengths) {
  EXPECT_SAYS(why_public(""), "0 characters");
  EXPECT_SAYS(why_seed(std::string(1000, 'A')), "1000 characters");
}

TEST(KeyRejection, SeedErrorsDoNotQuoteTheSeed) {
  const std::string nearly = "SAAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4HYMHQ";
  const auto pair = KeyPair::from_seed(nearly);
  ASSERT_FALSE(pair);
  EXPECT_EQ((pair.error().message + pair.error().remedy).find(nearly.substr(0, 20)),
            std::string::npos);
}

TEST(KeyRejection, SmallOrderAndNonCanonicalPoints) {
  // Orders 1, 2, 4, 8 with both signs, and the same y again with 2^255 - 19 added.
  const char* const bad[] = {
      "0100000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000080",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0000000000000000000000000000000000000000000000000000000000000080",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  };
  for (const auto* hex : bad) EXPECT_FALSE(flaw_of_point(raw32(hex)).empty()) << hex;
  EXPECT_TRUE(flaw_of_point(raw32(worked[0].raw_public)).empty());
}

TEST(SignatureRejection, LengthAndUnreducedS) {
  const auto pair = test::pair_of(test::account_seed);
  const auto& key = pair.public_key();
  const auto message = as_bytes("hello");
  const auto good = pair.sign(message);
  EXPECT_TRUE(key.verify(message, good));
  EXPECT_FALSE(key.verify(message, ByteView(good).first(63)));
  EXPECT_FALSE(key.verify(message, {}));
  Bytes longer(good.begin(), good.end());
  longer.push_back(0);
  EXPECT_FALSE(key.verify(message, longer));

  // S + L signs the same thing under a verifier that does not insist on S < L.
  const auto order =
      from_hex_or_fail("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  auto unreduced = good;
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += static_cast<unsigned>(unreduced[32 + i]) + order[i];
    unreduced[32 + i] = static_cast<std::uint8_t>(carry & 0xffU);
    carry >>= 8U;
  }
  ASSERT_EQ(carry, 0U);
  EXPECT_FALSE(key.verify(message, unreduced));
}

TEST(KeyTypes, NamesInAnyCase) {
  EXPECT_EQ(key_type_from("Account"), KeyType::account);
  EXPECT_EQ(key_type_from("SERVICE"), KeyType::service);
  EXPECT_EQ(key_type_from("operator"), KeyType::operator_);
  EXPECT_EQ(key_type_from("provider"), KeyType::service);
  EXPECT_FALSE(key_type_from("private"));
  EXPECT_FALSE(key_type_from(""));
}

TEST(Crc, CheckValue) {
  EXPECT_EQ(detail::crc16(as_bytes("123456789")), 0x31c3);
}

/// Hands out a fixed first seed, then counts, so that generate() can be watched.
class ScriptedRandom final : public Random {
 public:
  explicit ScriptedRandom(std::array<std::uint8_t, 32> first) : next_(first) {}
  void fill(std::span<std::uint8_t> out) noexcept override {
    std::copy_n(next_.begin(), out.size(), out.begin());
    ++next_[0];
    ++calls;
  }
  int calls = 0;

 private:
  std::array<std::uint8_t, 32> next_;
};

TEST(Generate, PassesOverPairsThatTheReferenceRefuses) {
  // K6: a seed whose checksum equals its own first two bytes.
  std::array<std::uint8_t, 32> seed{};
  for (std::size_t i = 0; i < 32; i += 4) {
    seed[i + 2] = 0x03;
    seed[i + 3] = 0xdc;
  }
  ScriptedRandom random(seed);
  const auto pair = KeyPair::generate(KeyType::account, random);
  EXPECT_EQ(random.calls, 2);
  EXPECT_NE(pair.seed_text(), "SAAAAAAD3QAAAA64AAAAHXAAAAB5YAAAAPOAAAAD3QAAAA64AAAAHXEQAA");
}

TEST(Generate, EveryTypeReadsBack) {
  SystemRandom random;
  std::set<std::string> seen;
  for (const auto& w : worked) {
    const auto type = KeyPair::from_seed(w.seed)->type();
    const auto pair = KeyPair::generate(type, random);
    const auto again = KeyPair::from_seed(pair.seed_text());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->public_key(), pair.public_key());
    EXPECT_EQ(pair.public_key().text()[0], w.letter);
    EXPECT_EQ(pair.seed_text().substr(0, 2), std::string("S") + w.letter);
    EXPECT_TRUE(seen.insert(pair.seed_text()).second);
  }
}

TEST(KeyPairs, MovingWipesTheSource) {
  auto pair = test::pair_of(test::account_seed);
  const auto moved = std::move(pair);
  EXPECT_EQ(moved.seed_text(), test::account_seed);
  EXPECT_NE(pair.seed_text(), test::account_seed);  // NOLINT(bugprone-use-after-move)
}

}  // namespace
}  // namespace trellis::identity
