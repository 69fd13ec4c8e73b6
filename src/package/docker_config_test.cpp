#include "package/docker_config.hpp"

#include <gtest/gtest.h>

#include "base/binary_text.hpp"

namespace trellis::package {
namespace {

/// "user:password", "token", "program …", "nothing" or the error.
std::string found(const std::string& json, const std::string& registry = "r.example:5000") {
  const auto config = read_docker_config(json, registry);
  if (!config) return config.error().message;
  auto text = config->program.empty() ? std::string() : "program " + config->program + ' ';
  if (!config->login) return text + "nothing";
  if (!config->login->identity_token.empty()) return text + config->login->identity_token;
  return text + config->login->user + ':' + config->login->password;
}
std::string auths(const std::string& key, const std::string& entry) {
  return R"({"auths":{")" + key + R"(":)" + entry + "}}";
}
std::string encoded(const std::string& text) {
  return R"({"auth":")" + base64_encode(as_bytes(text)) + R"("})";
}

TEST(DockerConfigTest, ReadsTheFormsOfALogin) {
  EXPECT_EQ(found(auths("r.example:5000", encoded("me:a:b"))), "me:a:b");
  EXPECT_EQ(found(auths("r.example:5000", R"({"username":"me","password":"b"})")), "me:b");
  EXPECT_EQ(found(auths("r.example:5000", R"({"auth":"","identitytoken":"t0"})")), "t0");
  EXPECT_EQ(found(auths("r.example:5000", encoded(std::string("me:b\0\0", 6)))), "me:b");
  for (const auto* nothing :
       {"{}", "null", "7", R"({"auth":"###"})", R"({"auth":7})", R"({"username":"me"})"}) {
    EXPECT_EQ(found(auths("r.example:5000", nothing)), "nothing") << nothing;
  }
  EXPECT_EQ(found(auths("r.example:5000", encoded("no colon"))), "nothing");
  EXPECT_EQ(found("{}"), "nothing");
}

TEST(DockerConfigTest, ALoginIsForItsRegistryAlone) {
  for (const auto* key : {"r.example:5000", "https://r.example:5000", "http://r.example:5000/v2/",
                          "r.example:5000/"}) {
    EXPECT_EQ(found(auths(key, encoded("me:b"))), "me:b") << key;
  }
  for (const auto* key : {"r.example", "r.example:50001", "x.r.example:5000", "r.example:5000/team",
                          "ftp://r.example:5000", ""}) {
    EXPECT_EQ(found(auths(key, encoded("me:b"))), "nothing") << key;
  }
  const auto hub = auths("https://index.docker.io/v1/", encoded("me:b"));
  for (const auto* name : {"docker.io", "index.docker.io", "registry-1.docker.io"}) {
    EXPECT_EQ(found(hub, name), "me:b") << name;
  }
  EXPECT_EQ(found(hub, "docker.io.example"), "nothing");
}

TEST(DockerConfigTest, AProgramOfTheRegistryComesBeforeThatOfAll) {
  EXPECT_EQ(found(R"({"credsStore":"pass"})"), "program pass nothing");
  EXPECT_EQ(found(R"({"credsStore":"pass","credHelpers":{"r.example:5000":"ecr-login"}})"),
            "program ecr-login nothing");
  EXPECT_EQ(found(R"({"credsStore":"pass","credHelpers":{"other":"ecr-login"}})"),
            "program pass nothing");
  for (const auto* bad : {"../x", "a/b", "-x", ".x", "a b"}) {
    EXPECT_TRUE(found(R"({"credsStore":")" + std::string(bad) + R"("})").contains("by letters"))
        << bad;
  }
  EXPECT_EQ(found("[]"), "it is no object");
}

TEST(DockerConfigTest, ReadsWhatProgramsAnswer) {
  const auto login = read_credential_answer(R"({"ServerURL":"x","Username":"me","Secret":"b"})");
  ASSERT_TRUE(login);
  EXPECT_EQ(login->user + ':' + login->password, "me:b");
  const auto token = read_credential_answer(R"({"Username":"<token>","Secret":"t0"})");
  ASSERT_TRUE(token);
  EXPECT_EQ(token->identity_token, "t0");
  for (const auto* bad : {"", "[]", "{}", R"({"Username":"me"})", R"({"Username":"<token>"})"}) {
    EXPECT_FALSE(read_credential_answer(bad)) << bad;
  }
}

}  // namespace
}  // namespace trellis::package
