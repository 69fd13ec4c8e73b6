#include "host/lifecycle/binder.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "host/state/fake_provider_fixture.hpp"

namespace trellis::host {
namespace {

using Lines = std::vector<std::string>;
using std::chrono::seconds;

SteadyTime patience() {
  return std::chrono::steady_clock::now() + seconds(20);
}

class BinderTest : public testing::Test {
 protected:
  void want(const FakeEntry& provider, char actor, std::optional<std::string> value) {
    std::optional<BindConfig> config;
    if (value) config = BindConfig{{"KEY", *value}};
    binder_.want(provider.entry, actor_key(actor), std::move(config));
  }
  void settle() { ASSERT_TRUE(binder_.settle(patience())); }
  LinkState state(const FakeEntry& provider, char actor) {
    return binder_.view(*provider.entry, actor_key(actor)).value().state;
  }
  /// Waits until the listener has heard so much.
  Lines outcomes(std::size_t count) {
    std::unique_lock lock(mutex_);
    heard_.wait_for(lock, seconds(20), [&] { return outcomes_.size() >= count; });
    return outcomes_;
  }
  void hear(const LinkOutcome& outcome) {
    const std::scoped_lock lock(mutex_);
    outcomes_.push_back(outcome.link.actor.substr(0, 2) + (outcome.bound ? " bound" : " unbound") +
                        (outcome.failure ? ": " + *outcome.failure : ""));
    heard_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable heard_;
  Lines outcomes_;  // under mutex_
  GuestThreadPool workers_{4};
  Binder binder_{workers_,
                 seconds(5),
                 {},
                 std::make_shared<SystemClock>(),
                 [this](const LinkOutcome& outcome) { hear(outcome); },
                 Log()};
  FakeEntry store_{1};
};

TEST_F(BinderTest, TellsOncePerLinkAndChange) {
  want(store_, 'A', "1");
  settle();
  want(store_, 'A', "1");
  settle();
  want(store_, 'A', "2");
  settle();
  EXPECT_EQ(store_.provider->told(), (Lines{"BindActor MA 1", "BindActor MA 2"}));
  EXPECT_EQ(state(store_, 'A'), LinkState::bound);
}

TEST_F(BinderTest, AProviderThatDoesNotRebindIsToldToLetGoFirst) {
  const FakeEntry old(2, false);
  want(old, 'A', "1");
  settle();
  want(old, 'A', "2");
  settle();
  EXPECT_EQ(old.provider->told(), (Lines{"BindActor MA 1", "RemoveActor MA", "BindActor MA 2"}));
}

TEST_F(BinderTest, WhatIsNotWantedAnyMoreIsRemoved) {
  want(store_, 'A', "1");
  settle();
  want(store_, 'A', std::nullopt);
  settle();
  want(store_, 'B', std::nullopt);
  settle();
  EXPECT_EQ(store_.provider->told(), (Lines{"BindActor MA 1", "RemoveActor MA"}));
  EXPECT_FALSE(binder_.view(*store_.entry, actor_key('A')));
  EXPECT_EQ(outcomes(2), (Lines{"MA bound", "MA unbound"}));
}

TEST_F(BinderTest, OnlyTheLastOfManyChangesMatters) {
  std::atomic<bool> go{false};
  store_.provider->answer_with([&](auto, auto) -> Result<Bytes> {
    go.wait(false);
    return Bytes{};
  });
  want(store_, 'A', "1");
  while (store_.provider->told().empty()) std::this_thread::yield();
  for (const auto* value : {"2", "3", "4"}) want(store_, 'A', value);
  go = true;
  go.notify_all();
  settle();
  EXPECT_EQ(store_.provider->told(), (Lines{"BindActor MA 1", "BindActor MA 4"}));
}

TEST_F(BinderTest, TheGateOpensWhenTheFirstBindIsDone) {
  std::atomic<bool> go{false};
  store_.provider->answer_with([&](auto, auto) -> Result<Bytes> {
    go.wait(false);
    return Bytes{};
  });
  want(store_, 'A', "1");
  const auto gate = binder_.gate(*store_.entry, actor_key('A'));
  ASSERT_TRUE(gate);
  EXPECT_FALSE(gate->open());
  go = true;
  go.notify_all();
  gate->wait(patience());
  EXPECT_TRUE(gate->open());
  EXPECT_FALSE(binder_.gate(*store_.entry, actor_key('B')));
}

TEST_F(BinderTest, ARefusalIsShownOpensTheGateAndIsTriedAgain) {
  std::atomic<int> asked{0};
  store_.provider->answer_with([&](auto, auto) -> Result<Bytes> {
    if (++asked == 1) return fail(ErrorCode::provider_failed, "not today");
    return Bytes{};
  });
  want(store_, 'A', "1");
  settle();
  const auto view = binder_.view(*store_.entry, actor_key('A')).value();
  EXPECT_EQ(view.state, LinkState::failed);
  EXPECT_EQ(view.problem, "not today");
  EXPECT_EQ(view.attempts, 1U);
  EXPECT_TRUE(binder_.gate(*store_.entry, actor_key('A'))->open())
      << "calls get the provider's own answer";
  EXPECT_EQ(outcomes(2), (Lines{"MA bound: not today", "MA bound"})) << "half a second later";
  EXPECT_EQ(state(store_, 'A'), LinkState::bound);
}

TEST_F(BinderTest, AnotherProviderDoesNotWait) {
  std::atomic<bool> go{false};
  store_.provider->answer_with([&](auto, auto) -> Result<Bytes> {
    go.wait(false);
    return Bytes{};
  });
  const FakeEntry other(2, true, 'Q');
  want(store_, 'A', "1");
  want(other, 'B', "1");
  EXPECT_TRUE(binder_.settle(actor_key('B'), patience()));
  EXPECT_EQ(other.provider->told(), (Lines{"BindActor MB 1"}));
  EXPECT_EQ(state(store_, 'A'), LinkState::binding);
  go = true;
  go.notify_all();
  settle();
}

TEST_F(BinderTest, AProviderThatBeganAgainIsToldEverythingAgain) {
  want(store_, 'A', "1");
  want(store_, 'B', "2");
  settle();
  binder_.hold(*store_.entry);
  EXPECT_FALSE(binder_.gate(*store_.entry, actor_key('A'))->open());
  binder_.tell_again(*store_.entry);
  settle();
  EXPECT_TRUE(binder_.gate(*store_.entry, actor_key('A'))->open());
  EXPECT_EQ(store_.provider->told(),
            (Lines{"BindActor MA 1", "BindActor MB 2", "BindActor MA 1", "BindActor MB 2"}));
}

TEST_F(BinderTest, AForgottenProviderHearsNothingAndHoldsNobody) {
  want(store_, 'A', "1");
  settle();
  binder_.hold(*store_.entry);
  const auto gate = binder_.gate(*store_.entry, actor_key('A'));
  binder_.forget(*store_.entry);
  EXPECT_TRUE(gate->open());
  want(store_, 'A', std::nullopt);
  settle();
  EXPECT_EQ(store_.provider->told(), (Lines{"BindActor MA 1"}));
}

TEST_F(BinderTest, AtTheEndEverythingIsRemovedAndNothingBound) {
  want(store_, 'A', "1");
  want(store_, 'B', "2");
  settle();
  binder_.unbind_all();
  want(store_, 'C', "3");
  settle();
  EXPECT_EQ(store_.provider->told(),
            (Lines{"BindActor MA 1", "BindActor MB 2", "RemoveActor MA", "RemoveActor MB"}));
}

TEST_F(BinderTest, AProviderThatFailsToLetGoKeepsNothing) {
  want(store_, 'A', "1");
  settle();
  store_.provider->answer_with(
      [](auto, auto) -> Result<Bytes> { return fail(ErrorCode::provider_failed, "stuck"); });
  want(store_, 'A', std::nullopt);
  settle();
  EXPECT_EQ(outcomes(2), (Lines{"MA bound", "MA unbound: stuck"}));
  EXPECT_FALSE(binder_.view(*store_.entry, actor_key('A')));
}

}  // namespace
}  // namespace trellis::host
