// Links: BindActor and RemoveActor exactly once per link and change, in any order of starts
// (host.md 9; scenarios A8, A9 and the weaknesses named there).
#include <thread>

#include "host/state/names.hpp"
#include "host/state/registry.hpp"
#include "support/host_fixture.hpp"

namespace trellis {
namespace {

using std::chrono::milliseconds;
using test::book;
using test::Signer;

struct HostLinks : test::HostFixture {
  void SetUp() override { book().reset(); }

  std::string provider_key() {
    auto key = start().start_provider(test::memory_provider());
    EXPECT_TRUE(key) << key.error().message;
    provider_key_of_first_ = key.value_or("");
    return provider_key_of_first_;
  }
  std::string provider_key_of_first_;
  Link link(const std::string& actor, const std::string& provider, std::string port = "1") {
    return {actor, "wasmcloud:keyvalue", "default", provider, {{"PORT", std::move(port)}}};
  }
  void settle() { EXPECT_TRUE(host->settle(milliseconds(10000))); }
  LinkState state() {
    const auto links = host->links();
    return links.size() == 1 ? links[0].state : LinkState::failed;
  }
  using Lines = std::vector<std::string>;
};

TEST_F(HostLinks, TheOrderOfStartsDoesNotMatter) {
  const std::string provider = provider_key();
  ASSERT_TRUE(host->stop_provider(provider));
  int round = 0;
  for (const std::string_view order : {"APL", "ALP", "PAL", "PLA", "LAP", "LPA"}) {
    Signer signer;
    book().reset();
    for (const char step : order) {
      if (step == 'A') start_actor(signer);
      if (step == 'P') provider_key();
      if (step == 'L') {
        ASSERT_TRUE(host->set_link(link(signer.key(), provider, std::to_string(round))));
      }
      settle();
    }
    EXPECT_EQ(book().entries("BindActor"),
              Lines{"BindActor " + signer.key() + " PORT=" + std::to_string(round)})
        << order;
    EXPECT_EQ(state(), LinkState::bound) << order;
    ASSERT_TRUE(host->remove_link(signer.key(), "wasmcloud:keyvalue"));
    settle();
    EXPECT_EQ(book().entries("RemoveActor"), Lines{"RemoveActor " + signer.key()}) << order;
    ASSERT_TRUE(host->stop_provider(provider));
    ++round;
  }
}

TEST_F(HostLinks, SettingTheSameLinkAgainTellsTheProviderNothing) {
  Signer signer;
  const auto key = start_actor(signer);
  const auto provider = provider_key();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(host->set_link(link(key, provider)));
  settle();
  EXPECT_EQ(book().entries("BindActor").size(), 1U);
}

TEST_F(HostLinks, ChangedValuesAreTakenBackFirst) {
  Signer signer;
  const auto key = start_actor(signer);
  const auto provider = provider_key();
  ASSERT_TRUE(host->set_link(link(key, provider, "1")));
  settle();
  ASSERT_TRUE(host->set_link(link(key, provider, "2")));
  settle();
  EXPECT_EQ(book().entries(""), (Lines{"BindActor " + key + " PORT=1", "RemoveActor " + key,
                                       "BindActor " + key + " PORT=2"}));
}

TEST_F(HostLinks, TheHiddenValuesDescribeTheActorAndWinOverTheUsers) {
  Signer signer;
  const auto config = host::bind_config({{"A", "1"}, {"__wasmcloud_name", "forged"}},
                                        host::to_identity(signer.claims()));
  EXPECT_EQ(config.at("A"), "1");
  EXPECT_EQ(config.at("__wasmcloud_name"), "test actor");
  EXPECT_EQ(config.at("__wasmcloud_capabilities"),
            "wasmcloud:keyvalue,wasmcloud:logging,wasmcloud:httpserver");
  EXPECT_EQ(config.at("__wasmcloud_expires"), "0");
  EXPECT_EQ(config.at("__wasmcloud_tags"), "");
  EXPECT_TRUE(config.contains("__wasmcloud_issuer"));
}

TEST_F(HostLinks, StopsAndRestartsNeedNoNewLink) {
  Signer signer;
  const auto module = signer.sign(test::guest_module("relay"));
  const auto provider = provider_key();
  const auto key = *host->start_actor(module);
  ASSERT_TRUE(host->set_link(link(key, provider)));
  settle();
  ASSERT_TRUE(host->stop_actor(key));
  ASSERT_TRUE(host->start_actor(module));
  settle();
  EXPECT_EQ(book().entries("").size(), 1U);  // no RemoveActor on stop, nothing new to tell
  ASSERT_TRUE(host->stop_provider(provider));
  EXPECT_EQ(state(), LinkState::waiting_for_provider);
  provider_key();
  settle();
  EXPECT_EQ(book().entries("BindActor").size(), 2U);
  EXPECT_EQ(book().entries("RemoveActor").size(), 0U);
  EXPECT_EQ(call(key, "Relay", test::relay("wasmcloud:keyvalue", "Get", as_bytes("v"))), "v");
}

TEST_F(HostLinks, ARefusedBindIsShownAndTriedAgain) {
  Signer signer;
  const auto key = start_actor(signer);
  const auto provider = provider_key();
  book().refuse_binds = 1;
  ASSERT_TRUE(host->set_link(link(key, provider)));
  settle();
  ASSERT_EQ(state(), LinkState::failed);
  EXPECT_EQ(host->links()[0].problem, "port taken");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (state() != LinkState::bound && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_EQ(state(), LinkState::bound);
  EXPECT_EQ(book().entries("BindActor").size(), 2U);
}

TEST_F(HostLinks, ALinkPointedElsewhereLeavesTheFirstProvider) {
  Signer signer;
  const auto key = start_actor(signer);
  const auto first = provider_key();
  ASSERT_TRUE(host->set_link(link(key, first)));
  settle();
  SystemRandom random;
  const auto other = identity::KeyPair::generate(identity::KeyType::service, random);
  ASSERT_TRUE(host->set_link(link(key, other.public_key().text())));
  settle();
  EXPECT_EQ(book().entries("RemoveActor").size(), 1U);
  EXPECT_EQ(state(), LinkState::waiting_for_provider);
}

TEST_F(HostLinks, TwoLinkNamesAreTwoInstances) {
  Signer signer;
  const auto key = start_actor(signer);
  const auto provider = provider_key();
  ASSERT_TRUE(host->start_provider(test::memory_provider(), "second"));
  EXPECT_FALSE(host->start_provider(test::memory_provider(), "second"));
  auto second = link(key, provider, "2");
  second.link_name = "second";
  ASSERT_TRUE(host->set_link(link(key, provider, "1")));
  ASSERT_TRUE(host->set_link(second));
  settle();
  EXPECT_EQ(book().entries("BindActor").size(), 2U);
  EXPECT_EQ(call(key, "Relay", test::relay("wasmcloud:keyvalue", "Get", as_bytes("v"), "second")),
            "v");
}

TEST_F(HostLinks, BadLinksAreRefusedWithTheReason) {
  Signer signer;
  start();
  const auto provider = provider_key();
  const auto text_of = [&](Link bad) {
    auto set = host->set_link(std::move(bad));
    return set ? std::string("accepted") : set.error().message;
  };
  EXPECT_NE(text_of(link("nobody", provider)).find("actor 'nobody' is not a public key"),
            std::string::npos);
  EXPECT_NE(text_of(link(provider, provider)).find("key of another type"), std::string::npos);
  EXPECT_NE(text_of(link(signer.key(), "registry.example/x:1")).find("provider"),
            std::string::npos);
  auto blank = link(signer.key(), provider);
  blank.contract_id = "wasmcloud: keyvalue";
  EXPECT_NE(text_of(blank).find("cannot be used"), std::string::npos);
  auto wild = link(signer.key(), provider);
  wild.link_name = "a>";
  EXPECT_NE(text_of(wild).find("cannot be used"), std::string::npos);
  EXPECT_TRUE(host->links().empty());
}

TEST_F(HostLinks, ASlowProviderHoldsUpNobodyElse) {
  Signer signer;
  Signer other;
  const auto key = start_actor(signer);
  const auto neighbour = start_actor(other);
  const auto provider = provider_key();
  book().slow_ms = 300;
  ASSERT_TRUE(host->set_link(link(key, provider)));
  EXPECT_EQ(call(neighbour, "Echo", as_bytes("now")), "now");
  settle();
}

TEST_F(HostLinks, StoppingTheHostLetsGoOfEveryActor) {
  Signer signer;
  const auto key = start_actor(signer);
  ASSERT_TRUE(host->set_link(link(key, provider_key())));
  ASSERT_TRUE(host->start_provider(test::memory_provider(), "second"));
  auto second = link(key, provider_key_of_first_, "2");
  second.link_name = "second";
  ASSERT_TRUE(host->set_link(second));
  settle();
  host->stop();
  // Stopping one provider must not bring the actor back to the other.
  EXPECT_EQ(book().entries("BindActor").size(), 2U);
  EXPECT_EQ(book().entries("RemoveActor").size(), 2U);
}

TEST_F(HostLinks, CallsWaitForTheFirstBind) {
  Signer signer;
  const auto key = start_actor(signer);
  const auto provider = provider_key();
  book().slow_ms = 50;
  ASSERT_TRUE(host->set_link(link(key, provider)));
  call(key, "Relay", test::relay("wasmcloud:keyvalue", "Get"));
  const auto log = book().entries("");
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[0].substr(0, 9), "BindActor");
}

}  // namespace
}  // namespace trellis
