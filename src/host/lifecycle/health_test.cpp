// Health rounds over providers and guests of the test, without an engine.
#include "host/lifecycle/health.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "host/call/native_actors_fixture.hpp"
#include "host/call/router.hpp"
#include "host/state/fake_provider_fixture.hpp"
#include "threads/guest_thread.hpp"

namespace trellis::host {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Result<Bytes> says(bool healthy, std::string message) {
  return codec::encode(codec::core::HealthResponse{healthy, std::move(message)});
}

class HealthTest : public testing::Test {
 protected:
  void SetUp() override {
    tables_.providers.set(provider_slot(store_.entry->key, "default"), store_.entry);
    publish();
  }
  void publish() { snapshot_.publish(std::make_shared<Tables>(tables_)); }
  static RouterOptions router_options() {
    RouterOptions options;
    options.clock = std::make_shared<SystemClock>();
    options.call_timeout = seconds(20);
    return options;
  }
  static HealthOptions health_options(milliseconds timeout) {
    HealthOptions options;
    options.interval = std::chrono::hours(1);  // only rounds that the test asks for
    options.timeout = timeout;
    options.clock = std::make_shared<SystemClock>();
    return options;
  }

  Tables tables_;
  TablesSnapshot snapshot_{std::make_shared<Tables>()};
  NoRemoteCalls remote_;
  Router router_{router_options(), snapshot_, remote_, Log()};
  GuestThreadPool workers_{4};
  HealthMonitor health_{health_options(seconds(20)), snapshot_, router_, workers_, Log()};
  FakeEntry store_{1};
};

TEST_F(HealthTest, NobodyWasAskedAtFirst) {
  EXPECT_EQ(health_.of(1).state, HealthState::unknown);
}

TEST_F(HealthTest, AProviderSaysHowItIs) {
  store_.provider->answer_with([](auto, auto) { return says(true, "listening"); });
  health_.run_round();
  EXPECT_EQ(health_.of(1).state, HealthState::healthy);
  EXPECT_EQ(health_.of(1).reason, "listening");
  store_.provider->answer_with([](auto, auto) { return says(false, "no disk"); });
  health_.run_round();
  EXPECT_EQ(health_.of(1).state, HealthState::unhealthy);
  EXPECT_EQ(health_.of(1).reason, "no disk");
}

TEST_F(HealthTest, AnswersThatAreNoneAreUnhealthy) {
  store_.provider->answer_with([](auto, auto) { return Result<Bytes>(to_bytes("?")); });
  health_.run_round();
  EXPECT_EQ(health_.of(1).state, HealthState::unhealthy);
  EXPECT_EQ(health_.of(1).reason, "Failed to de-serialize health check response from target");
}

TEST_F(HealthTest, BeingBusyIsNoNews) {
  store_.provider->answer_with([](auto, auto) { return says(true, {}); });
  health_.run_round();
  store_.provider->answer_with(
      [](auto, auto) -> Result<Bytes> { return fail(ErrorCode::busy, "busy"); });
  health_.run_round();
  EXPECT_EQ(health_.of(1).state, HealthState::healthy);
}

TEST_F(HealthTest, SilenceIsUnhealthyUntilTheAnswerComes) {
  HealthMonitor hasty(health_options(milliseconds(10)), snapshot_, router_, workers_, Log());
  std::atomic<bool> go{false};
  store_.provider->answer_with([&](auto, auto) -> Result<Bytes> {
    go.wait(false);
    return says(true, "late");
  });
  hasty.run_round();
  EXPECT_EQ(hasty.of(1).state, HealthState::unhealthy);
  EXPECT_EQ(hasty.of(1).reason, "No successful health check response from target");
  hasty.run_round();  // the first question is still open: none is added
  EXPECT_EQ(hasty.of(1).state, HealthState::unhealthy);
  go = true;
  go.notify_all();
  while (hasty.of(1).state != HealthState::healthy) std::this_thread::yield();
  workers_.stop();
}

TEST_F(HealthTest, AnActorAnswersThroughAnInstance) {
  auto thread = GuestThread::start("test", [&] {
    NativeActors actors;
    auto entry = std::make_shared<ActorEntry>();
    entry->actor = actors.make(actor_key('A'), std::nullopt);
    entry->routes = std::make_shared<Routes>();
    const auto id = entry->actor->id() + 0;
    tables_ = {};
    tables_.actors.set(actor_key('A'), entry);
    publish();
    health_.run_round();
    // It echoes the request, which is no answer.
    EXPECT_EQ(health_.of(id).state, HealthState::unhealthy);
    tables_ = {};
    publish();
    health_.run_round();
    EXPECT_EQ(health_.of(id).state, HealthState::unknown) << "what is gone is forgotten";
    workers_.stop();
  });
  ASSERT_TRUE(thread.has_value()) << thread.error().message;
  thread->join();
}

}  // namespace
}  // namespace trellis::host
