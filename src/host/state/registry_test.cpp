// The registry over a binder and providers of the test, without an engine.
#include "host/state/registry.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "host/call/native_actors_fixture.hpp"
#include "host/lifecycle/binder.hpp"
#include "host/state/fake_provider_fixture.hpp"
#include "threads/guest_thread.hpp"

namespace trellis::host {
namespace {

using Lines = std::vector<std::string>;

constexpr auto contract = "wasmcloud:keyvalue";

class RegistryTest : public testing::Test {
 protected:
  void make(Registry::Options options) {
    options.clock = std::make_shared<SystemClock>();
    registry_ = std::make_unique<Registry>(std::move(options), binder_, Log());
  }
  void SetUp() override { make({}); }

  void on_guest_thread(const std::function<void()>& body) {
    auto thread = GuestThread::start("test", [&] {
      actors_ = std::make_unique<NativeActors>();
      body();
      registry_.reset();
      actors_.reset();
    });
    ASSERT_TRUE(thread.has_value()) << thread.error().message;
    thread->join();
  }

  Link link(char actor, std::string value = "1") const {
    return {actor_key(actor), contract, "default", store_.entry->key, {{"KEY", std::move(value)}}};
  }
  Lines told() {
    EXPECT_TRUE(binder_.settle(std::chrono::steady_clock::now() + std::chrono::seconds(20)));
    return store_.provider->told();
  }
  const Route* route(char actor) {
    tables_ = registry_->tables().read();
    const auto* entry = tables_->actors.find(actor_key(actor));
    return entry == nullptr ? nullptr : find_route(*(*entry)->routes, contract, "default");
  }
  static identity::ActorClaims claims(char actor, std::vector<std::string> caps) {
    identity::ActorClaims made;
    made.sub = actor_key(actor);
    made.caps = std::move(caps);
    return made;
  }

  GuestThreadPool workers_{4};
  Binder binder_{workers_, std::chrono::seconds(5), {}, std::make_shared<SystemClock>(), {}, Log()};
  FakeEntry store_{1};
  std::unique_ptr<NativeActors> actors_;
  std::unique_ptr<Registry> registry_;
  std::shared_ptr<const Tables> tables_;
};

TEST_F(RegistryTest, APlaceIsHeldByOneOnly) {
  EXPECT_TRUE(registry_->reserve("MA"));
  EXPECT_FALSE(registry_->reserve("MA"));
  registry_->release("MA");
  EXPECT_TRUE(registry_->reserve("MA"));
  registry_->add_provider(store_.entry);
  EXPECT_FALSE(registry_->reserve(provider_slot(store_.entry->key, "default")));
}

// host.md 9: whatever comes first, the provider is told once all three are there.
TEST_F(RegistryTest, LinkActorAndProviderMayComeInAnyOrder) {
  on_guest_thread([&] {
    registry_->put_link(link('A'), LinkOrigin::local);
    EXPECT_EQ(route('A'), nullptr);
    registry_->add_actor(actors_->make(actor_key('A'), std::vector<std::string>{contract}));
    ASSERT_NE(route('A'), nullptr);
    EXPECT_TRUE(route('A')->in_claims);
    EXPECT_EQ(route('A')->provider, nullptr);
    EXPECT_EQ(told(), Lines{});
    registry_->add_provider(store_.entry);
    EXPECT_EQ(route('A')->provider, store_.entry);
    EXPECT_EQ(told(), Lines{"BindActor MA 1"});
  });
}

TEST_F(RegistryTest, AnActorThatDoesNotListTheContractIsNotBound) {
  on_guest_thread([&] {
    registry_->add_provider(store_.entry);
    registry_->put_link(link('A'), LinkOrigin::local);
    registry_->add_actor(actors_->make(actor_key('A'), std::vector<std::string>{}));
    ASSERT_NE(route('A'), nullptr);
    EXPECT_FALSE(route('A')->in_claims);
    EXPECT_EQ(told(), Lines{});
  });
}

TEST_F(RegistryTest, TheOperatorMayTurnThatCheckOff) {
  Registry::Options options;
  options.policy.check_provider_to_actor = false;
  make(std::move(options));
  registry_->add_provider(store_.entry);
  registry_->put_link(link('A'), LinkOrigin::local);
  registry_->learn_claims(claims('A', {}));
  EXPECT_EQ(told(), Lines{"BindActor MA 1"});
}

TEST_F(RegistryTest, ClaimsFromElsewhereBindButNeverReplaceVerifiedOnes) {
  on_guest_thread([&] {
    registry_->add_provider(store_.entry);
    registry_->put_link(link('A'), LinkOrigin::local);
    registry_->put_link(link('B'), LinkOrigin::local);
    EXPECT_TRUE(registry_->learn_claims(claims('A', {contract})));
    EXPECT_FALSE(registry_->learn_claims(claims('A', {contract}))) << "nothing new";
    EXPECT_EQ(told(), Lines{"BindActor MA 1"});
    registry_->add_actor(actors_->make(actor_key('B'), std::vector<std::string>{}));
    EXPECT_FALSE(registry_->learn_claims(claims('B', {contract})));
    EXPECT_EQ(told(), Lines{"BindActor MA 1"});
  });
}

TEST_F(RegistryTest, AChangedLinkIsToldAndTheSameIsNot) {
  registry_->add_provider(store_.entry);
  registry_->learn_claims(claims('A', {contract}));
  EXPECT_TRUE(registry_->put_link(link('A', "1"), LinkOrigin::local));
  EXPECT_EQ(told(), Lines{"BindActor MA 1"});
  EXPECT_FALSE(registry_->put_link(link('A', "1"), LinkOrigin::local));
  EXPECT_TRUE(registry_->put_link(link('A', "2"), LinkOrigin::local));
  EXPECT_EQ(told(), (Lines{"BindActor MA 1", "BindActor MA 2"}));
  EXPECT_TRUE(registry_->remove_link(actor_key('A'), contract, "default", LinkOrigin::local));
  EXPECT_FALSE(registry_->remove_link(actor_key('A'), contract, "default", LinkOrigin::local));
  EXPECT_EQ(told(), (Lines{"BindActor MA 1", "BindActor MA 2", "RemoveActor MA"}));
  EXPECT_EQ(registry_->link_count(), 0U);
}

TEST_F(RegistryTest, WhatTheUserSaidStaysTheUsersWhenTheLatticeRepeatsIt) {
  registry_->put_link(link('A'), LinkOrigin::local);
  registry_->put_link(link('A'), LinkOrigin::lattice);
  ASSERT_EQ(registry_->links().size(), 1U);
  EXPECT_EQ(registry_->links().front().origin, LinkOrigin::local);
}

TEST_F(RegistryTest, AStoppedProviderLeavesTheRouteOpenForOthers) {
  on_guest_thread([&] {
    registry_->add_actor(actors_->make(actor_key('A'), std::vector<std::string>{contract}));
    registry_->put_link(link('A'), LinkOrigin::local);
    registry_->add_provider(store_.entry);
    ASSERT_EQ(route('A')->provider, store_.entry);
    EXPECT_EQ(registry_->remove_provider(store_.entry->key, "default"), store_.entry);
    EXPECT_EQ(registry_->remove_provider(store_.entry->key, "default"), nullptr);
    ASSERT_NE(route('A'), nullptr);
    EXPECT_EQ(route('A')->provider, nullptr);
  });
}

TEST_F(RegistryTest, LinksAndClaimsOutliveTheActor) {
  on_guest_thread([&] {
    registry_->add_actor(actors_->make(actor_key('A'), std::vector<std::string>{contract}));
    registry_->put_link(link('A'), LinkOrigin::local);
    EXPECT_NE(registry_->remove_actor(actor_key('A')), nullptr);
    EXPECT_EQ(registry_->remove_actor(actor_key('A')), nullptr);
    EXPECT_EQ(registry_->link_count(), 1U);
    EXPECT_EQ(registry_->known_claims().size(), 1U);
  });
}

TEST_F(RegistryTest, AliasesFromElsewhereCannotTakeNamesOfContractsOrOfActorsHere) {
  registry_->put_link(link('A'), LinkOrigin::local);
  EXPECT_TRUE(registry_->learn_alias("shop/cart", actor_key('A')));
  EXPECT_TRUE(registry_->learn_alias("shop/cart", actor_key('B'))) << "the later one wins";
  EXPECT_FALSE(registry_->learn_alias(contract, actor_key('A')));
  EXPECT_FALSE(registry_->learn_alias(actor_key('A'), actor_key('B')));
  registry_->forget_alias("shop/cart");
  EXPECT_EQ(registry_->tables().read()->aliases.find("shop/cart"), nullptr);
}

TEST_F(RegistryTest, AnAuthorizerMayRefuseALink) {
  Registry::Options options;
  options.may_bind = [](const ActorIdentity& actor, const ProviderEntry&) {
    return actor.key != actor_key('A');
  };
  make(std::move(options));
  registry_->add_provider(store_.entry);
  for (const char actor : {'A', 'B'}) {
    registry_->learn_claims(claims(actor, {contract}));
    registry_->put_link(link(actor), LinkOrigin::local);
  }
  EXPECT_EQ(told(), Lines{"BindActor MB 1"});
}

}  // namespace
}  // namespace trellis::host
