// Links know who set them: what those from the lattice name of this machine is refused however they
// come - advertised, changed, replayed, before or after the provider (security.md).
#include <filesystem>

#include "support/lattice_fixture.hpp"
#include "support/temp_dir.hpp"

namespace trellis {
namespace {

using test::book;
using test::eventually;
using test::Signer;

struct LinkOrigins : test::LatticeFixture {
  test::TempDir folder;
  Signer signer;

  static std::string start_memory(Host& host) {
    auto key = host.start_provider(test::memory_provider());
    EXPECT_TRUE(key) << key.error().message;
    return key.value_or("");
  }
  void SetUp() override { book().reset(); }

  static Link with(const std::string& actor, const std::string& provider, std::string root) {
    return {.actor = actor,
            .contract_id = "wasmcloud:keyvalue",
            .link_name = "default",
            .provider_id = provider,
            .values = {{"ROOT", std::move(root)}}};
  }
  static LinkInfo only(Host& host) {
    const auto links = host.links();
    return links.size() == 1 ? links.front() : LinkInfo{};
  }
  static bool refused(Host& host) {
    return eventually([&] { return only(host).state == LinkState::refused; });
  }
  static bool bound(Host& host) {
    return eventually([&] { return only(host).state == LinkState::bound; });
  }
  std::string root() const { return std::filesystem::canonical(folder.path()).string(); }
};

TEST_F(LinkOrigins, AFileNamedByTheLatticeIsRefusedWithKeyProviderAndOption) {
  auto& a = start();
  auto& b = start();
  const auto actor = start_actor(b, signer);
  const auto provider = start_memory(b);
  ASSERT_TRUE(a.set_link(with(actor, provider, "/etc")));
  ASSERT_TRUE(refused(b));
  const auto info = only(b);
  EXPECT_EQ(info.origin, LinkOrigin::lattice);
  for (const auto* part : {"ROOT", "Test Provider", "--link-files"}) {
    EXPECT_NE(info.problem.find(part), std::string::npos) << info.problem;
  }
  EXPECT_TRUE(book().entries("BindActor").empty());
  const auto inventory = b.inventory();
  ASSERT_TRUE(inventory);
  EXPECT_EQ(inventory->lattice.links_refused, 1U);
}

TEST_F(LinkOrigins, TheProviderMayComeLater) {
  auto& a = start();
  auto& b = start();
  const auto actor = start_actor(b, signer);
  const auto provider = start_memory(b);
  ASSERT_TRUE(b.stop_provider(provider));
  ASSERT_TRUE(a.set_link(with(actor, provider, "/etc")));
  ASSERT_TRUE(eventually([&] { return b.links().size() == 1; }));
  start_memory(b);
  ASSERT_TRUE(refused(b));
  EXPECT_TRUE(book().entries("BindActor").empty());
}

TEST_F(LinkOrigins, TheCacheReplaysNoPermission) {
  auto& a = start();
  const auto actor = start_actor(a, signer);
  const auto provider = start_memory(a);
  ASSERT_TRUE(a.set_link(with(actor, provider, "/etc")));
  ASSERT_TRUE(bound(a));
  book().reset();
  auto& late = start();
  ASSERT_TRUE(eventually([&] { return late.links().size() == 1; }));
  start_memory(late);
  ASSERT_TRUE(refused(late));
  EXPECT_TRUE(book().entries("BindActor").empty());
  // The user of this host says the same: now it is theirs.
  ASSERT_TRUE(late.set_link(with(actor, provider, "/etc")));
  ASSERT_TRUE(bound(late));
  EXPECT_EQ(only(late).origin, LinkOrigin::local);
}

TEST_F(LinkOrigins, AChangeThatIsRefusedLeavesTheUsersLinkInForce) {
  auto& a = start();
  auto& b = start();
  const auto actor = start_actor(b, signer);
  const auto provider = start_memory(b);
  ASSERT_TRUE(b.set_link(with(actor, provider, "/srv/mine")));
  ASSERT_TRUE(bound(b));
  ASSERT_TRUE(eventually([&] { return a.links().size() == 1; }));
  ASSERT_TRUE(a.set_link(with(actor, provider, "/etc")));
  ASSERT_TRUE(eventually([&] {
    const auto inventory = b.inventory();
    return inventory && inventory->lattice.links_refused >= 1;
  }));
  ASSERT_TRUE(b.settle(std::chrono::seconds(20)));
  EXPECT_EQ(only(b).state, LinkState::bound);
  EXPECT_EQ(only(b).link.values.at("ROOT"), "/srv/mine");
  EXPECT_EQ(book().entries("BindActor").size(), 1U);
  // Repeated by somebody else it stays the user's own.
  ASSERT_TRUE(a.set_link(with(actor, provider, "/srv/mine")));
  ASSERT_TRUE(a.set_link(with(actor, provider, "/srv/other")));
  ASSERT_TRUE(b.settle(std::chrono::seconds(20)));
  EXPECT_EQ(only(b).origin, LinkOrigin::local);
}

TEST_F(LinkOrigins, BelowAPermittedFolderThePathIsHandedOverResolved) {
  auto& a = start();
  auto& b = start([&](auto& options) { options.lattice.link_files = {folder.path()}; });
  const auto actor = start_actor(b, signer);
  const auto provider = start_memory(b);
  std::filesystem::create_directory(folder.path() / "in");
  std::filesystem::create_symlink(folder.path() / "in", folder.path() / "also");
  ASSERT_TRUE(a.set_link(with(actor, provider, root() + "/also/x")));
  ASSERT_TRUE(bound(b));
  const std::vector<std::string> told = {"BindActor " + actor + " ROOT=" + root() + "/in/x"};
  EXPECT_EQ(book().entries("BindActor"), told);
  ASSERT_TRUE(a.set_link(with(actor, provider, root() + "/..")));
  ASSERT_TRUE(refused(b));
}

TEST_F(LinkOrigins, AStateFolderKnowsWhoseLinksAre) {
  const auto state = [&](auto& options) { options.lattice.cache.state_dir = folder.path() / "s"; };
  std::string provider;
  {
    auto& a = start(state);
    auto& other = start();
    provider = start_memory(a);
    ASSERT_TRUE(a.set_link(with(Signer().key(), provider, "/mine")));
    ASSERT_TRUE(other.set_link(with(Signer().key(), provider, "/theirs")));
    ASSERT_TRUE(eventually([&] { return a.links().size() == 2; }));
    a.stop();
    other.stop();
  }
  auto& again = start(state);
  ASSERT_TRUE(eventually([&] { return again.links().size() == 2; }));
  for (const auto& info : again.links()) {
    EXPECT_EQ(info.origin,
              info.link.values.at("ROOT") == "/mine" ? LinkOrigin::local : LinkOrigin::lattice);
  }
}

TEST_F(LinkOrigins, OptionsThatCannotBeReadStopTheStart) {
  HostOptions options;
  options.lattice.link_listen = {"everywhere"};
  const auto host = HostBuilder(test::engine()).options(std::move(options)).build();
  const auto started = host->start();
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find("everywhere"), std::string::npos);
}

}  // namespace
}  // namespace trellis
