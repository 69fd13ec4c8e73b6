#include "cli/contexts.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <sstream>

#include "cli/context_fixture.hpp"
#include "cli/ctl_common.hpp"

namespace trellis::cli {
namespace {

namespace fs = std::filesystem;
using Urls = std::vector<std::string>;

struct ContextsOf : testing::Test, ContextFixture {
  void SetUp() override {
    fs::create_directories(folder / "nats/context");
    environment["XDG_CONFIG_HOME"] = folder.string();
  }
  void TearDown() override { fs::remove_all(folder); }

  ContextStore store() { return ContextStore(context); }
  SavedContext saved() {
    SavedContext made;
    made.ns = "prod";
    made.rpc.servers = {"nats://user:word@a:1", "b:2"};
    made.rpc.seed = "SUSEED";
    made.rpc.tls.ca_file = "/ca.pem";
    made.control = NatsOptions{};
    made.control->token = "tok";
    return made;
  }
  Result<ClientOptions> options(const std::vector<std::string>& words) {
    CommandLine line("test");
    CtlFlags flags;
    add_ctl_options(line.root(), flags);
    if (auto parsed = line.parse(words); !parsed) return pass(parsed);
    return client_options(context, flags);
  }
  Urls servers(const std::vector<std::string>& words) {
    const auto made = options(words);
    return made ? made->rpc.servers : Urls{made.error().message};
  }
  void write(const fs::path& path, const std::string& content) {
    fs::create_directories((folder / path).parent_path());
    std::ofstream(folder / path) << content;
  }

  const fs::path folder =
      fs::path(testing::TempDir()) /
      ("contexts_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) +
       std::to_string(::getpid()));
};

TEST_F(ContextsOf, AreKeptForTheirOwnerOnly) {
  ASSERT_TRUE(store().save("prod", saved(), false));
  struct stat about{};
  ASSERT_EQ(::stat((folder / "trellis/contexts/prod.json").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
  const auto read = store().load("prod");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->to_json(), saved().to_json());
  EXPECT_EQ(read->control->token, "tok");
  EXPECT_EQ(store().save("prod", saved(), false).error().code, ErrorCode::already_exists);
  EXPECT_TRUE(store().save("prod", SavedContext{}, true));
  EXPECT_EQ(store().load("prod")->ns, "default");
  const auto shown = saved().without_secrets().dump();
  for (const auto* secret : {"word", "SUSEED", "tok\""}) {
    EXPECT_EQ(shown.find(secret), std::string::npos) << shown;
  }
}

TEST_F(ContextsOf, TheOneInUseServesCommandsThatNameNoServer) {
  ASSERT_TRUE(store().save("prod", saved(), false));
  EXPECT_EQ(servers({}), Urls{"nats://127.0.0.1:4222"});
  ASSERT_TRUE(store().use("prod"));
  EXPECT_EQ(servers({}), (Urls{"nats://user:word@a:1", "b:2"}));
  EXPECT_EQ(options({})->ns, "prod");
  EXPECT_EQ(options({})->control->token, "tok");
  EXPECT_EQ(options({"-n", "other"})->ns, "other");
  EXPECT_EQ(servers({"-r", "given"}), Urls{"nats://given:4222"});
  EXPECT_EQ(options({"-r", "given"})->rpc.seed, "");
  environment["NATS_URL"] = "nats://one:1, nats://two:2";
  EXPECT_EQ(servers({}), (Urls{"nats://one:1", "nats://two:2"}));
  EXPECT_EQ(servers({"--context", "prod", "-r", "given"}), Urls{"nats://given:4222"});
  EXPECT_EQ(options({"--context", "prod", "-r", "given"})->rpc.seed, "SUSEED");
  environment["TRELLIS_CONTEXT"] = "missing";
  EXPECT_EQ(servers({}), Urls{"there is no context 'missing'"});
  environment.clear();
  environment["XDG_CONFIG_HOME"] = folder.string();
  ASSERT_TRUE(store().remove("prod"));
  EXPECT_EQ(servers({}), Urls{"nats://127.0.0.1:4222"});
  EXPECT_EQ(store().remove("prod").error().code, ErrorCode::not_found);
}

TEST_F(ContextsOf, OfTheNatsToolAreRead) {
  write("nats/key.nk", "SUKEY\n");
  write("nats/context/ngs.json",
        R"({"url": "tls://x:1,nats://y:2", "user": "u", "password": "p",
      "nkey": ")" +
            (folder / "nats/key.nk").string() +
            R"(", "ca": "/ca", "jetstream_domain": "", "inbox_prefix": ""})");
  const auto read = store().load("nats:ngs");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->rpc.servers, (Urls{"tls://x:1", "nats://y:2"}));
  EXPECT_EQ(read->rpc.seed, "SUKEY");
  EXPECT_EQ(read->rpc.tls.ca_file, "/ca");
  EXPECT_EQ(servers({"--context", "nats:ngs"}), (Urls{"tls://x:1", "nats://y:2"}));
  EXPECT_EQ(store().names(), Urls{"nats:ngs"});
  write("nats/context/own.json", R"({"url": "nats://x", "inbox_prefix": "_I"})");
  const auto own = store().load("nats:own");
  ASSERT_TRUE(own) << own.error().message;
  EXPECT_EQ(own->rpc.inbox_prefix, "_I");
  EXPECT_EQ(own->to_json().at("rpc").at("inbox_prefix"), "_I");
  EXPECT_FALSE(read->to_json().dump().contains("inbox_prefix")) << "it is the usual one";
  write("nats/context/far.json", R"({"url": "nats://x", "socks_proxy": "p"})");
  EXPECT_NE(store().load("nats:far").error().message.find("socks_proxy"), std::string::npos);
  EXPECT_FALSE(store().remove("nats:ngs"));
}

TEST_F(ContextsOf, NamesAndFilesFromOutsideAreChecked) {
  for (const auto* name : {"", "../x", ".x", "-x", "a/b", "nats:../x", "a b"}) {
    EXPECT_EQ(store().load(name).error().code, ErrorCode::invalid_argument) << name;
    EXPECT_FALSE(store().save(name, saved(), true)) << name;
  }
  for (const auto* text :
       {"", "[]", R"({"rpc": 1})", R"({"rpc": {"servers": []}})", R"({"rpc": {"servers": [1]}})",
        R"({"what": 1})", R"({"rpc": {"pasword": "x"}})", R"({"rpc": {"tls": "yes"}})"}) {
    write("trellis/contexts/bad.json", text);
    const auto read = store().load("bad");
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, ErrorCode::malformed) << text;
  }
}

TEST(ContextUrls, AreShownWithoutTheirLogin) {
  EXPECT_EQ(without_login("nats://user:pa@ss@host:1/x@y"), "nats://host:1/x@y");
  EXPECT_EQ(without_login("token@host"), "host");
  EXPECT_EQ(without_login("nats://host:1"), "nats://host:1");
}

}  // namespace
}  // namespace trellis::cli
