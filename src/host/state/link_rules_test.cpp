// What links from the lattice may name of this machine (security.md, "Where a link comes from").
#include "host/state/link_rules.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/temp_dir.hpp"

namespace trellis::host {
namespace {

namespace fs = std::filesystem;
using provider::LocalKind;

const provider::Description files{"wasmcloud:blobstore",      "Files", "v", "1", 0,
                                  {{"ROOT", LocalKind::file}}};
const provider::Description web{
    "wasmcloud:httpserver",
    "Web",
    "v",
    "1",
    0,
    {{"BIND", LocalKind::listen}, {"PORT", LocalKind::port}, {"PROXY", LocalKind::only}}};

struct LinkRulesTest : testing::Test {
  test::TempDir folder;
  LatticeOptions options;

  LinkRules rules() const {
    auto made = LinkRules::make(options);
    EXPECT_TRUE(made) << made.error().message;
    return made.value_or(LinkRules());
  }
  Result<codec::StringMap> admit(const provider::Description& provider, const std::string& key,
                                 const std::string& value,
                                 LinkOrigin origin = LinkOrigin::lattice) const {
    return rules().admit({"M", provider.contract_id, "default", "V", {{key, value}}}, origin,
                         provider);
  }
  /// The value as the provider is told it, or "denied: ...".
  std::string told(const provider::Description& provider, const std::string& key,
                   const std::string& value) const {
    const auto values = admit(provider, key, value);
    if (values) return values->at(key);
    EXPECT_EQ(values.error().code, ErrorCode::denied);
    EXPECT_NE(values.error().message.find(key), std::string::npos) << values.error().message;
    EXPECT_NE(values.error().message.find(provider.name), std::string::npos);
    return "denied: " + values.error().remedy;
  }
  bool denied(const provider::Description& provider, const std::string& key,
              const std::string& value) const {
    return told(provider, key, value).starts_with("denied: ");
  }
};

TEST_F(LinkRulesTest, LocalLinksMayNameEverything) {
  for (const auto* key : {"ROOT", "BIND", "PORT", "PROXY", "X"}) {
    EXPECT_TRUE(admit(files, key, "secret:x", LinkOrigin::local));
    EXPECT_TRUE(admit(web, key, "/etc", LinkOrigin::local));
  }
}

TEST_F(LinkRulesTest, WithoutOptionsNothingLocalComesFromTheLattice) {
  EXPECT_NE(told(files, "ROOT", "/etc").find("--link-files"), std::string::npos);
  EXPECT_NE(told(files, "ROOT", ".").find("--link-files"), std::string::npos);
  EXPECT_NE(told(web, "BIND", "127.0.0.1:8080").find("--link-listen"), std::string::npos);
  EXPECT_NE(told(web, "BIND", "8080").find("--link-listen"), std::string::npos);
  EXPECT_NE(told(web, "PROXY", "x").find("no option"), std::string::npos);
  EXPECT_NE(told(web, "ANY", "secret:password").find("--link-secret"), std::string::npos);
  EXPECT_EQ(told(web, "OTHER", "/etc"), "/etc");
  EXPECT_EQ(told(files, "ROOT", "  "), "  ");
}

TEST_F(LinkRulesTest, APortIsTheEverydayLink) {
  for (const auto* port : {"8080", "1024", "65535", "0", " 8080 "}) {
    EXPECT_EQ(told(web, "PORT", port), port);
  }
  for (const auto* port : {"80", "1023", "-1", "65536", "8080x", "+8080", "0x50"}) {
    EXPECT_NE(told(web, "PORT", port).find("--link-listen"), std::string::npos) << port;
  }
  options.link_listen = {"0.0.0.0:80"};
  EXPECT_EQ(told(web, "PORT", "80"), "80");
  EXPECT_TRUE(denied(web, "PORT", "81"));
}

TEST_F(LinkRulesTest, PathsStayBelowTheirFolder) {
  fs::create_directories(folder.path() / "open/in");
  fs::create_directories(folder.path() / "closed");
  fs::create_symlink(folder.path() / "closed", folder.path() / "open/out");
  fs::create_symlink(folder.path() / "open/in", folder.path() / "open/same");
  const auto base = fs::canonical(folder.path()).string();
  options.link_files = {folder.path() / "open"};
  EXPECT_EQ(told(files, "ROOT", base + "/open"), base + "/open");
  EXPECT_EQ(told(files, "ROOT", base + "/open/in"), base + "/open/in");
  EXPECT_EQ(told(files, "ROOT", base + "/open/new/deep"), base + "/open/new/deep");
  EXPECT_EQ(told(files, "ROOT", base + "/open/same"), base + "/open/in");
  EXPECT_EQ(told(files, "ROOT", base + "/open/in/../in/."), base + "/open/in");
  for (const auto* below : {"", "/closed", "/open/out", "/open/out/x", "/open/../closed",
                            "/open/out/../in", "/open/new/../../closed", "/openx", "/open/.."}) {
    EXPECT_TRUE(denied(files, "ROOT", base + below)) << below;
  }
  EXPECT_TRUE(denied(files, "ROOT", "open/in"));
  EXPECT_TRUE(denied(files, "ROOT", base + "/open" + std::string("\0/x", 3)));
}

TEST_F(LinkRulesTest, AFolderMayBeNamedThroughASymbolicLink) {
  fs::create_directories(folder.path() / "real");
  fs::create_symlink(folder.path() / "real", folder.path() / "alias");
  options.link_files = {folder.path() / "alias"};
  const auto real = fs::canonical(folder.path() / "real").string();
  EXPECT_EQ(told(files, "ROOT", (folder.path() / "alias/x").string()), real + "/x");
  EXPECT_EQ(told(files, "ROOT", real + "/x"), real + "/x");
}

TEST_F(LinkRulesTest, AddressesAreThoseOfTheOption) {
  options.link_listen = {"127.0.0.1", "10.1.0.0/16:8000-8999", "[::1]:80", "0.0.0.0:9000"};
  for (const auto* list : {"127.0.0.1:80", "127.0.0.1:0", "10.1.2.3:8500", "[::1]:80", "9000",
                           "0.0.0.0:9000", "127.0.0.1:1, [::1]:80"}) {
    EXPECT_FALSE(denied(web, "BIND", list)) << list;
  }
  for (const auto* list :
       {"127.0.0.2:80", "10.2.0.0:8500", "10.1.2.3:9000", "[::1]:81", "9001", "0.0.0.0:80",
        "127.0.0.1:1,0.0.0.0:1", "[::]:80", "[::ffff:127.0.0.1]:80", "localhost:80", "127.1:80",
        "127.0.0.1", ",", "127.0.0.1:80,", "x"}) {
    EXPECT_TRUE(denied(web, "BIND", list)) << list;
  }
}

TEST_F(LinkRulesTest, OptionsThatCannotBeReadAreErrors) {
  for (const auto* text : {"", "x", "1.2.3.4:", "1.2.3.4/33", "1.2.3.4:80-70", "1.2.3.4:x", "[::1",
                           "[::1]80", "1.2.3.4:80-", "localhost"}) {
    EXPECT_FALSE(ListenRange::parse(text)) << text;
  }
  for (const auto* text : {"1.2.3.4", "0.0.0.0/0", "::1", "[::1]", "[fd00::/8]:1-2", "::/0"}) {
    EXPECT_TRUE(ListenRange::parse(text)) << text;
  }
}

TEST_F(LinkRulesTest, PermittedSecretsStandForWhatTheyHold) {
  options.link_secrets = {"redis"};
  EXPECT_EQ(told(web, "URL", "secret:redis"), "secret:redis");
  EXPECT_EQ(told(web, "PROXY", "secret:redis"), "secret:redis");
  EXPECT_TRUE(denied(web, "URL", "secret:other"));
  EXPECT_TRUE(denied(web, "URL", "secret:"));
}

}  // namespace
}  // namespace trellis::host
