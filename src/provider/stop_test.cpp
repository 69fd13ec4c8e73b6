#include <atomic>
#include <thread>

#include "support/scripted_provider.hpp"

namespace trellis::provider::testing {
namespace {

TEST_F(ProviderTest, StopRunsStopThenDestroyOnce) {
  script.on_stop = [&](Script& self) { EXPECT_EQ(self.destroyed, 0); };
  start(inline_flags);
  EXPECT_TRUE(stop());
  EXPECT_EQ(script.stopped, 1);
  EXPECT_EQ(script.destroyed, 1);
  EXPECT_TRUE(provider->stop(in(ample))) << "a second stop only reports";
  EXPECT_EQ(script.stopped, 1);
  EXPECT_TRUE(is_error(call("Get"), ErrorCode::cancelled, "provider is stopping"));
}

TEST_F(ProviderTest, AForgottenStopHappensAtTheEnd) {
  auto plugin = wrap_table(scripted_table(inline_flags));
  ASSERT_TRUE(plugin);
  auto made = try_make(*plugin);
  ASSERT_TRUE(made);
  made->reset();
  EXPECT_EQ(script.stopped, 1);
  EXPECT_EQ(script.destroyed, 1);
}

TEST_F(ProviderTest, StopFailsThoseWhoWait) {
  std::atomic<int> waiting{0};
  script.on_call = [&](Script&, trellis_call, const trellis_call_info&) { ++waiting; };
  start(inline_flags);
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      EXPECT_TRUE(is_error(call("Never"), ErrorCode::cancelled, "provider is stopping"));
    });
  }
  eventually([&] { return waiting == 3; });
  EXPECT_TRUE(stop());
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(provider->statistics().timeouts, 0U);
}

TEST_F(ProviderTest, StopFailsThoseInTheQueueAndWaitsForTheOneInside) {
  Signal entered;
  std::atomic<int> calls{0};
  std::atomic<bool> inside{false};
  script.on_call = [&](Script& self, trellis_call call, const trellis_call_info&) {
    ++calls;
    inside = true;
    entered.set();
    eventually([&] { return self.host->cancelled(self.ctx, call) == 1; });
    inside = false;
  };
  script.on_stop = [&](Script&) { EXPECT_FALSE(inside) << "one call at a time, stop included"; };
  start(0);
  const auto expect_cancelled = [&] { EXPECT_TRUE(is_error(call("Get"), ErrorCode::cancelled)); };
  std::thread first(expect_cancelled);
  entered.wait();
  std::thread second(expect_cancelled);
  EXPECT_TRUE(stop());
  first.join();
  second.join();
  EXPECT_LE(calls, 1);
}

TEST_F(ProviderTest, AConcurrentProviderIsStoppedBesideItsCalls) {
  Signal entered;
  Signal released;
  script.on_call = [&](Script&, trellis_call, const trellis_call_info&) {
    entered.set();
    released.wait();
  };
  script.on_stop = [&](Script&) { released.set(); };
  start(TRELLIS_PROVIDER_CONCURRENT);
  std::thread caller([&] { EXPECT_TRUE(is_error(call("Get"), ErrorCode::cancelled)); });
  entered.wait();
  EXPECT_TRUE(stop(4s));
  EXPECT_EQ(script.destroyed, 1);
  caller.join();
}

TEST_F(ProviderTest, ASerialProviderThatNeverComesBackIsNotEnteredAgain) {
  Signal entered;
  Signal released;
  Signal left;
  script.on_call = [&](Script&, trellis_call, const trellis_call_info&) {
    entered.set();
    released.wait();
    left.set();
  };
  start(0);
  std::thread caller([&] { EXPECT_TRUE(is_error(call("Get"), ErrorCode::cancelled)); });
  entered.wait();
  EXPECT_FALSE(stop(20ms));
  EXPECT_EQ(script.stopped, 0);
  caller.join();
  released.set();
  left.wait();
  EXPECT_EQ(script.destroyed, 0);
}

TEST_F(ProviderTest, ASpawnedThreadThatGoesOnPreventsDestruction) {
  static Signal released;
  static Signal left;
  const auto body = [](void*) {
    released.wait();
    left.set();
  };
  start(inline_flags);
  ASSERT_EQ(script.host->spawn_thread(script.ctx, view("own"), body, nullptr, nullptr), TRELLIS_OK);
  EXPECT_FALSE(stop(20ms));
  EXPECT_EQ(script.stopped, 1);
  EXPECT_EQ(script.destroyed, 0);
  released.set();
  left.wait();
}

TEST_F(ProviderTest, SpawnedThreadsEndByStop) {
  static Signal released;
  const auto body = [](void*) { released.wait(); };
  script.on_stop = [](Script&) { released.set(); };
  start(inline_flags);
  ASSERT_EQ(script.host->spawn_thread(script.ctx, view("own"), body, nullptr, nullptr), TRELLIS_OK);
  EXPECT_TRUE(stop());
}

TEST_F(ProviderTest, WhileStoppingTheHostRefusesThePlugin) {
  std::atomic<trellis_status> dispatched{TRELLIS_OK};
  std::atomic<trellis_status> spawned{TRELLIS_OK};
  script.on_stop = [&](Script& self) {
    dispatched = self.dispatch(TRELLIS_NO_CALL, "MX", "Ping", "").first;
    spawned = self.host->spawn_thread(self.ctx, view("x"), [](void*) {}, nullptr, nullptr);
  };
  start(inline_flags);
  EXPECT_TRUE(stop());
  EXPECT_EQ(dispatched, TRELLIS_STOPPING);
  EXPECT_EQ(spawned, TRELLIS_STOPPING);
}

TEST_F(ProviderTest, StopWhileManyThreadsCall) {
  script.on_call = [](Script& self, trellis_call call, const trellis_call_info& info) {
    EXPECT_EQ(self.destroyed, 0);
    self.complete(call, text(info.payload));
  };
  for (const auto flags :
       {0U, TRELLIS_PROVIDER_CONCURRENT, TRELLIS_PROVIDER_NONBLOCKING, inline_flags}) {
    script.destroyed = 0;
    auto plugin = wrap_table(scripted_table(flags));
    ASSERT_TRUE(plugin);
    auto made = try_make(*plugin);
    ASSERT_TRUE(made);
    std::atomic<int> calls{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&, mine = *made] {
        for (;; ++calls) {
          const auto answer = mine->call(context(), "M", "Echo", as_bytes("x"));
          if (answer) continue;
          EXPECT_TRUE(is_error(answer, ErrorCode::cancelled));
          return;
        }
      });
    }
    eventually([&] { return calls > 100; });
    EXPECT_TRUE((*made)->stop(in(ample)));
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(script.destroyed, 1);
  }
}

TEST_F(ProviderTest, AFailedCreateLeavesNothing) {
  script.on_create = [](Script&) { return TRELLIS_ERROR; };
  auto plugin = wrap_table(scripted_table(0));
  ASSERT_TRUE(plugin);
  EXPECT_TRUE(is_error(try_make(*plugin), ErrorCode::provider_failed, "it gave no reason"));
  EXPECT_EQ(script.stopped, 0);
  EXPECT_EQ(script.destroyed, 0);
}

TEST_F(ProviderTest, CreateMayThrow) {
  script.on_create = [](Script&) -> trellis_status { throw std::runtime_error("no disk"); };
  auto plugin = wrap_table(scripted_table(0));
  ASSERT_TRUE(plugin);
  EXPECT_TRUE(is_error(try_make(*plugin), ErrorCode::provider_failed, "no disk"));
}

}  // namespace
}  // namespace trellis::provider::testing
