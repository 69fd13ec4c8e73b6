#include "package/reference.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace trellis::package {
namespace {

const std::string hex64(64, 'a');

/// "registry|repository|tag|digest", or the code of the error.
std::string shown(const std::string& text) {
  const auto r = parse_reference(text);
  if (!r) return std::string(to_string(r.error().code));
  return r->registry + "|" + r->repository + "|" + r->tag.value_or("-") + "|" +
         (r->digest ? r->digest->text() : "-");
}

TEST(ReferenceTest, ReadsTheTableOfTheSpecification) {
  EXPECT_EQ(shown("registry.example.com/echo:0.2.0"), "registry.example.com|echo|0.2.0|-");
  EXPECT_EQ(shown("localhost:5000/a/b"), "localhost:5000|a/b|-|-");
  EXPECT_EQ(shown("team/echo"), "team|echo|-|-");
  EXPECT_EQ(shown("Registry.Example.com/echo:1"), "Registry.Example.com|echo|1|-");
  EXPECT_EQ(shown("registry.example.com/echo:1@sha256:" + hex64),
            "registry.example.com|echo|1|sha256:" + hex64);
  EXPECT_EQ(shown("registry.example.com:5000"), "unsupported");
  EXPECT_EQ(shown("echo:1"), "unsupported");
  EXPECT_EQ(shown("a_b/c:1"), "unsupported") << "a_b is a path, not a registry";
  EXPECT_EQ(shown("r/a__b/c---d/e.f_g:V_1.-"), "r|a__b/c---d/e.f_g|V_1.-|-");
}

TEST(ReferenceTest, RefusesTheListOfTheSpecification) {
  const std::vector<std::string> bad{"",
                                     ":tag",
                                     "@sha256:" + hex64,
                                     "Echo:1",
                                     "registry.example.com/Echo:1",
                                     "registry.example.com/echo:",
                                     "registry.example.com/echo:-a",
                                     "registry.example.com/a..b:1",
                                     "https://registry.example.com/echo:1",
                                     "registry.example.com/echo:" + std::string(129, 'a'),
                                     "registry.example.com/echo@sha256:" + std::string(32, 'a'),
                                     " registry.example.com/echo:1",
                                     "registry.example.com/echo:1 ",
                                     "registry.example.com/echo:1\n",
                                     "MBCFOPM6JW2APJLXJD3Z5O4CN7CPYJ2B4FTKLJUR5YR5MITIU7HD3WD5"};
  for (const auto& text : bad) EXPECT_EQ(shown(text), "malformed") << text;
}

TEST(ReferenceTest, TakesIpv6Literals) {
  EXPECT_EQ(shown("[::1]:5000/echo:1"), "[::1]:5000|echo|1|-");
  EXPECT_EQ(shown("[2001:db8::1]/team/echo@sha256:" + hex64),
            "[2001:db8::1]|team/echo|-|sha256:" + hex64);
  for (const std::string text :
       {"[::1/a:1", "[]/a:1", "[::g]/a:1", "[fe80::1%eth0]/a:1", "[::1]x/a:1", "[::1]:0/a:1",
        "::1/a:1", "[127.0.0.1]/a:1", "x[::1]/a:1"}) {
    EXPECT_EQ(shown(text), "malformed") << text;
  }
  EXPECT_TRUE(is_registry_name("[::1]:5000"));
  EXPECT_FALSE(is_registry_name("[::1"));
}

TEST(ReferenceTest, KnowsWherePublicRegistriesAre) {
  EXPECT_EQ(shown("docker.io/echo:1"), "docker.io|library/echo|1|-");
  EXPECT_EQ(shown("index.docker.io/team/echo:1"), "index.docker.io|team/echo|1|-");
  EXPECT_EQ(parse_reference("docker.io/echo:1")->text, "docker.io/echo:1");
  EXPECT_EQ(registry_server("docker.io"), "registry-1.docker.io");
  EXPECT_EQ(registry_server("index.docker.io"), "registry-1.docker.io");
  EXPECT_EQ(registry_server("docker.io.example"), "docker.io.example");
  EXPECT_TRUE(is_same_registry("docker.io", "registry-1.docker.io"));
  EXPECT_FALSE(is_same_registry("docker.io", "ghcr.io"));
  EXPECT_EQ(known_token_server("index.docker.io"), "auth.docker.io");
  EXPECT_EQ(known_token_server("ghcr.io"), "");
}

TEST(ReferenceTest, RefusesWhatWouldMakeAnUnusableAddress) {
  for (const std::string text :
       {"r:0/a:1", "r:65536/a:1", "r:/a:1", "r/a___b:1", "r//a:1", "r/a/:1", "r/a_:1", "r/a:1:2",
        "r/a@md5:1234", "r/a@sha256", "r/a:1@", "-r/a:1", "r/\xc3\xa9:1", "r/a:\xc3\xa9", "/a:1"}) {
    EXPECT_EQ(shown(text), "malformed") << text;
  }
  EXPECT_EQ(shown("r/" + std::string(256, 'a')), "malformed");
  EXPECT_EQ(shown("r/" + std::string(255, 'a')), "r|" + std::string(255, 'a') + "|-|-");
  EXPECT_EQ(shown("r/a:" + std::string(128, 'a')), "r|a|" + std::string(128, 'a') + "|-");
}

TEST(ReferenceTest, DigestsHaveTheLengthOfTheirAlgorithm) {
  EXPECT_EQ(shown("r/a@sha512:" + std::string(128, 'B')), "r|a|-|sha512:" + std::string(128, 'b'));
  EXPECT_EQ(shown("r/a@sha384:" + std::string(96, '0')), "r|a|-|sha384:" + std::string(96, '0'));
  EXPECT_EQ(shown("r/a@sha512:" + hex64), "malformed");
  EXPECT_EQ(shown("r/a@sha256:" + std::string(64, 'g')), "malformed");
}

TEST(ReferenceTest, LatestIsDecidedOnTheParsedReference) {
  const auto allowed = [](const std::string& text) {
    return check_latest(*parse_reference(text), false).has_value();
  };
  EXPECT_FALSE(allowed("r/a"));
  EXPECT_FALSE(allowed("r/a:latest"));
  EXPECT_TRUE(allowed("r/a:Latest"));
  EXPECT_TRUE(allowed("r/a:1"));
  EXPECT_TRUE(allowed("r/a:latest@sha256:" + hex64));
  EXPECT_TRUE(allowed("r/a@sha256:" + hex64));
  EXPECT_TRUE(check_latest(*parse_reference("r/a"), true));
  EXPECT_EQ(check_latest(*parse_reference("r/a"), false).error().code, ErrorCode::denied);
  EXPECT_EQ(parse_reference("r/a")->target(), "latest");
  EXPECT_EQ(parse_reference("r/a:1@sha256:" + hex64)->target(), "sha256:" + hex64);
}

TEST(DigestTest, HashesInPieces) {
  DigestHasher hasher(DigestAlgorithm::sha256);
  hasher.add(as_bytes("{"));
  hasher.add(as_bytes("}"));
  const auto whole = hasher.finish();
  EXPECT_EQ(whole.text(),
            "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  EXPECT_EQ(whole, digest_of(DigestAlgorithm::sha256, as_bytes("{}")));
  EXPECT_EQ(digest_of(DigestAlgorithm::sha512, as_bytes("")).hex.size(), 128U);
  EXPECT_EQ(digest_of(DigestAlgorithm::sha384, as_bytes("")).hex.substr(0, 8), "38b060a7");
}

}  // namespace
}  // namespace trellis::package
