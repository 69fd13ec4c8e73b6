// Manifests, tokens, error answers and challenges as texts; no network.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/hash.hpp"
#include "package/oci_challenge.hpp"
#include "package/oci_manifest.hpp"

namespace trellis::package {
namespace {

constexpr auto wasm_type = "application/vnd.module.wasm.content.layer.v1+wasm";
const std::string digest =
    "sha256:e61217ce8bb7ea44a47211a516ff321b6e27dac97dbd7b0891c38e4272ab6309";

std::string layer(const std::string& type = wasm_type) {
  return R"({"mediaType":")" + type + R"(","digest":")" + digest + R"(","size":678})";
}
std::string manifest(const std::string& layers, const std::string& more = "") {
  return R"({"schemaVersion":2)" + more + R"(,"config":{},"layers":[)" + layers + "]}";
}
/// "ok", or the error's code and message.
std::string outcome(const std::string& json) {
  const auto read = read_manifest(json);
  if (!read) return std::string(to_string(read.error().code)) + ": " + read.error().message;
  return "ok";
}

TEST(ManifestTest, WritesTheExampleOfTheSpecificationByteForByte) {
  const BlobDescriptor config{std::string(config_media_type(ArtifactKind::actor)),
                              digest_of(DigestAlgorithm::sha256, as_bytes("{}")), 2};
  const BlobDescriptor blob{std::string(layer_media_type(ArtifactKind::actor)),
                            *parse_digest(digest), 678};
  const auto text = write_manifest(config, blob);
  EXPECT_EQ(text.size(), 556U);
  EXPECT_EQ(digest_of(DigestAlgorithm::sha256, as_bytes(text)).hex,
            "7f4ad1ac0d55eaefeaa7c705f153c8fd39712abd888e85ae9ed15805b97fb2f0");
  const auto read = read_manifest(text);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->digest.text(), digest);
  EXPECT_EQ(read->size, 678U);
  EXPECT_EQ(read->media_type, wasm_type);
}

TEST(ManifestTest, AcceptsTheTypesTheSpecificationLists) {
  const auto typed = [](const std::string& type) {
    return manifest(layer(), R"(,"mediaType":")" + type + '"');
  };
  EXPECT_EQ(outcome(manifest(layer())), "ok");
  EXPECT_EQ(outcome(manifest(layer(), R"(,"mediaType":null)")), "ok");
  EXPECT_EQ(outcome(typed("application/vnd.oci.image.manifest.v1+json")), "ok");
  EXPECT_EQ(outcome(typed("application/vnd.docker.distribution.manifest.v2+json")), "ok");
  EXPECT_EQ(
      outcome(typed("application/vnd.oci.image.index.v1+json")),
      "unsupported: unsupported manifest type: application/vnd.oci.image.index.v1+json (taken "
      "are application/vnd.oci.image.manifest.v1+json and "
      "application/vnd.docker.distribution.manifest.v2+json)");
  for (const std::string type :
       {"application/vnd.wasmcloud.provider.archive.layer.v1+par", "application/wasm",
        "application/vnd.wasm.content.layer.v1+wasm"}) {
    EXPECT_EQ(outcome(manifest(layer(type))), "ok") << type;
    EXPECT_FALSE(is_file_layer_type(type)) << type;
  }
  for (const std::string type :
       {"application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.diff.tar",
        "application/vnd.docker.image.rootfs.diff.tar.gzip"}) {
    EXPECT_EQ(outcome(manifest(layer(type))), "ok") << type;
    EXPECT_TRUE(is_file_layer_type(type)) << type;
  }
  for (const std::string type : {"text/plain", "", "application/vnd.oci.image.layer.v1.tar+zstd"}) {
    const auto refused = outcome(manifest(layer(type)));
    EXPECT_TRUE(
        refused.starts_with("unsupported: incompatible layer media type: " + type + " (taken"))
        << refused;
    EXPECT_TRUE(refused.contains("application/wasm, ")) << refused;
  }
}

TEST(ManifestTest, RefusesWhatIsNoSingleImage) {
  EXPECT_EQ(outcome(manifest("")), "unsupported: no layers to pull");
  EXPECT_EQ(outcome(R"({"schemaVersion":2})"), "unsupported: no layers to pull");
  EXPECT_EQ(outcome(manifest(layer() + "," + layer())),
            "unsupported: the image has 2 layers; actors and providers have one");
  EXPECT_EQ(outcome(R"({"schemaVersion":2,"manifests":[]})"),
            "unsupported: the reference names an index of several images");
  EXPECT_EQ(outcome(R"({"schemaVersion":1})"), "unsupported: unsupported schema version: 1");
  EXPECT_EQ(outcome("{}"), "unsupported: unsupported schema version: none");
}

/// "{name}@{os}/{arch},…" as an index; the digest's first digits are the name.
std::string index_of(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string list;
  for (const auto& [name, more] : entries) {
    list += (list.empty() ? "" : ",") +
            (R"({"digest":"sha256:)" + name + std::string(64 - name.size(), '0') + '"') + more +
            "}";
  }
  return R"({"schemaVersion":2,"manifests":[)" + list + "]}";
}
std::string platform(const std::string& os, const std::string& architecture) {
  return R"(,"platform":{"os":")" + os + R"(","architecture":")" + architecture + R"("})";
}
/// The name of what is chosen, "none", or the error.
std::string chosen(const std::string& json) {
  const auto found = choose_image(json, "linux/amd64");
  if (!found) return found.error().message;
  return *found ? (*found)->hex.substr(0, 2) : "none";
}

TEST(IndexTest, TheImageForWebAssemblyIsTaken) {
  const std::pair<std::string, std::string> wasm{"aa", platform("wasip1", "wasm")};
  const std::pair<std::string, std::string> any{"bb", ""};
  const std::pair<std::string, std::string> here{"cc", platform("linux", "amd64")};
  const std::pair<std::string, std::string> there{"dd", platform("linux", "arm64")};
  const std::pair<std::string, std::string> about{
      "ee", platform("unknown", "unknown") +
                R"(,"annotations":{"vnd.docker.reference.type":"attestation-manifest"})"};
  EXPECT_EQ(chosen(index_of({there, here, any, wasm})), "aa");
  EXPECT_EQ(chosen(index_of({there, here, any})), "bb");
  EXPECT_EQ(chosen(index_of({there, here, about})), "cc");
  EXPECT_EQ(chosen(index_of({there, about})), "dd");
  EXPECT_EQ(chosen(manifest(layer())), "none");
  EXPECT_EQ(chosen(index_of({there, {"ff", platform("windows", "amd64")}})),
            "the reference names an index of several images, and none is for WebAssembly or "
            "linux/amd64 (there are linux/arm64, windows/amd64)");
  EXPECT_EQ(chosen(index_of({about})),
            "the reference names an index of several images, and none is for WebAssembly or "
            "linux/amd64 (there is none)");
  EXPECT_EQ(chosen(R"({"manifests":[{"digest":"sha256:1"}]})").substr(0, 26),
            "malformed manifest: index:");
  EXPECT_EQ(chosen(R"({"manifests":[7]})"),
            "malformed manifest: an entry of the index is no object");
}

TEST(ManifestTest, RefusesWhatIsMalformed) {
  const std::string start = R"({"mediaType":")" + std::string(wasm_type) + R"(","digest":")";
  for (const auto& bad :
       {std::string("[]"), std::string("not JSON"), manifest("7"),
        manifest(start + R"(sha256:12","size":1})"), manifest(start + digest + R"("})"),
        manifest(start + digest + R"(","size":-1})"),
        manifest(start + digest + R"(","size":18446744073709551616})"),
        manifest(start + digest + R"(","size":1,"size":2})"),
        manifest(layer(), R"(,"mediaType":7)"), manifest(layer(), R"(,"schemaVersion":2)")}) {
    EXPECT_TRUE(outcome(bad).starts_with("malformed: malformed manifest: ")) << outcome(bad);
  }
}

TEST(TokenTest, EitherOrBothAndTokenWins) {
  EXPECT_EQ(read_token(R"({"token":"a"})"), "a");
  EXPECT_EQ(read_token(R"({"access_token":"b"})"), "b");
  EXPECT_EQ(read_token(R"({"access_token":"b","token":"a"})"), "a");
  for (const auto* bad : {"{}", "[]", "", R"({"token":"a\r\nX: y"})", R"({"token":7})"}) {
    EXPECT_FALSE(read_token(bad)) << bad;
  }
}

TEST(TagsTest, AreReadAndChecked) {
  EXPECT_EQ(read_tags(R"({"name":"x","tags":["1","v2.0"]})"),
            (std::vector<std::string>{"1", "v2.0"}));
  EXPECT_EQ(read_tags(R"({"tags":null})"), std::vector<std::string>());
  for (const auto* bad :
       {"", "[]", "{}", R"({"tags":7})", R"({"tags":[7]})", R"({"tags":["\u001b[31m"]})",
        R"({"tags":["a b"]})", R"({"tags":[""]})"}) {
    EXPECT_FALSE(read_tags(bad)) << bad;
  }
}

TEST(RegistryErrorTest, IsShownWithoutControlCharacters) {
  EXPECT_EQ(read_registry_error(R"({"errors":[{"code":"DENIED","message":"no \u001b[31m"}]})"),
            R"(: DENIED: no \x1b[31m)");
  EXPECT_EQ(read_registry_error(R"({"errors":[{"code":7}]})"), "");
  EXPECT_EQ(read_registry_error(R"({"errors":{}})"), "");
  EXPECT_EQ(read_registry_error("<html>"), "");
}

TEST(ChallengeTest, ReadsSeveralInOneHeader) {
  const auto found = parse_challenges(
      R"(Negotiate, Basic realm="a \"b\", c" , BEARER Realm="https://t/x",service=reg ,scope = "s")");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].scheme, "negotiate");
  EXPECT_EQ(found[1].scheme, "basic");
  EXPECT_EQ(found[1].get("realm"), "a \"b\", c");
  EXPECT_EQ(found[2].scheme, "bearer");
  EXPECT_EQ(found[2].get("realm"), "https://t/x");
  EXPECT_EQ(found[2].get("service"), "reg");
  EXPECT_EQ(found[2].get("scope"), "s");
  EXPECT_EQ(found[2].get("error"), "");
}

TEST(ChallengeTest, SurvivesGarbage) {
  EXPECT_TRUE(parse_challenges("").empty());
  EXPECT_TRUE(parse_challenges("=\"=,,\"").empty());
  EXPECT_EQ(parse_challenges("Negotiate abc==, Basic").back().scheme, "basic");
  EXPECT_EQ(parse_challenges("Bearer realm=\"open").front().get("realm"), "open");
  EXPECT_EQ(parse_challenges("Bearer realm=\"x\\").front().get("realm"), "x\\");
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "a b,";
  EXPECT_EQ(parse_challenges(many).size(), 16U);
}

}  // namespace
}  // namespace trellis::package
