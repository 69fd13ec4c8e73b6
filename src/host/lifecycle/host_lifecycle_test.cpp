// Starting, stopping, updating, health, several hosts: host.md 2 to 5, 7, 10; scenarios A1, A3, A4,
// C2.
#include <future>
#include <set>
#include <thread>

#include "support/host_fixture.hpp"

namespace trellis {
namespace {

using std::chrono::milliseconds;
using test::Signer;

struct HostLife : test::HostFixture {
  /// Health of the test's own provider, among those that are in every host.
  Health memory_health() {
    const auto inventory = host->inventory();
    for (const auto& provider : inventory->providers) {
      if (provider.source == "linked in") return provider.health;
    }
    return {};
  }

  std::string refusal(const Bytes& module) {
    auto started = start().start_actor(module);
    return started ? "started" : started.error().message;
  }
  std::size_t actors() { return host->inventory()->actors.size(); }
};

TEST_F(HostLife, BeforeStartAndAfterStopEverythingIsRefused) {
  auto idle = HostBuilder(test::engine()).build();
  constexpr auto text = "Activity cannot be performed, host has not been started";
  EXPECT_EQ(idle->start_actor(Bytes{}).error().message, text);
  EXPECT_EQ(idle->start_provider("builtin:keyvalue").error().message, text);
  EXPECT_EQ(idle->call_actor("M", "Echo", {}).error().message, text);
  EXPECT_EQ(idle->inventory().error().message, text);
  EXPECT_EQ(idle->id(), "");
  ASSERT_TRUE(idle->start());
  EXPECT_FALSE(idle->start());
  idle->stop();
  idle->stop();
  EXPECT_EQ(idle->inventory().error().message, text);
}

TEST_F(HostLife, EveryStartHasAKeyOfItsOwn) {
  std::set<std::string> keys;
  auto reused = HostBuilder(test::engine()).build();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(reused->start());
    const auto key = identity::PublicKey::parse(reused->id());
    ASSERT_TRUE(key);
    EXPECT_EQ(key->type(), identity::KeyType::server);
    keys.insert(reused->id());
    reused->stop();
  }
  EXPECT_EQ(keys.size(), 3U);
}

TEST_F(HostLife, CoreLabelsStayWhateverUsersSay) {
  options.labels = {{"zone", "a"}, {"hostcore.os", "plan9"}};
  start();
  host->merge_labels({{"zone", "b"}, {"hostcore.arch", "pdp11"}, {"rack", "7"}});
  const auto labels = host->labels();
  EXPECT_EQ(labels.size(), 5U);
  EXPECT_EQ(labels.at("zone"), "b");
  EXPECT_EQ(labels.at("hostcore.os"), "linux");
  EXPECT_EQ(labels.at("hostcore.osfamily"), "unix");
  EXPECT_EQ(host->inventory()->labels, labels);
}

TEST_F(HostLife, AFailedStartLeavesNoTrace) {
  Signer signer;
  const auto good = test::guest_module("relay");
  auto expired = signer.claims();
  expired.exp = 1;
  auto early = signer.claims();
  early.nbf = 4102444800;
  auto altered = signer.sign(good);
  altered.insert(altered.end(), {0, 2, 1, 'x'});
  EXPECT_EQ(refusal(good), "Unable to extract embedded token from WebAssembly module");
  EXPECT_EQ(refusal(altered), "Invalid module hash");
  EXPECT_EQ(refusal(signer.sign(good, expired)), "Actor claims have expired");
  EXPECT_EQ(refusal(signer.sign(good, early)), "Actor claims cannot be used yet");
  const Bytes no_guest_call = {0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00};
  EXPECT_EQ(refusal(signer.sign(no_guest_call)).substr(0, 42),
            "Failed to create a raw WebAssembly host: C");
  EXPECT_EQ(actors(), 0U);
  EXPECT_TRUE(host->claims().empty());
  EXPECT_EQ(refusal(signer.sign(good)), "started");  // the key is not poisoned by the failures
  EXPECT_EQ(refusal(signer.sign(good)), "Cannot start already running actor " + signer.key());
}

TEST_F(HostLife, OnlyListedIssuersMayRun) {
  Signer friendly;
  Signer stranger;
  options.allowed_issuers = {friendly.issuer()};
  EXPECT_EQ(refusal(friendly.sign(test::guest_module("relay"))), "started");
  EXPECT_NE(refusal(stranger.sign(test::guest_module("relay"))), "started");
}

TEST_F(HostLife, AnIssuerThatIsNoAccountIsRefused) {
  Signer signer;
  for (const auto& wrong : {std::string("foo"), signer.key(), signer.issuer() + "A"}) {
    HostOptions bad;
    bad.allowed_issuers = {signer.issuer(), wrong};
    const auto started = HostBuilder(test::engine()).options(std::move(bad)).build()->start();
    ASSERT_FALSE(started) << wrong;
    EXPECT_EQ(started.error().code, ErrorCode::invalid_argument);
  }
}

TEST_F(HostLife, OfTwoConcurrentStartsOneWins) {
  Signer signer;
  const auto module = signer.sign(test::guest_module("relay"));
  start();
  std::vector<std::future<bool>> starts;
  for (int i = 0; i < 6; ++i) {
    starts.push_back(
        std::async(std::launch::async, [&] { return host->start_actor(module).has_value(); }));
  }
  int won = 0;
  for (auto& one : starts) won += one.get();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(actors(), 1U);
}

TEST_F(HostLife, AStoppedActorCanBeStartedAgainAtOnce) {
  Signer signer;
  const auto module = signer.sign(test::guest_module("relay"));
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(start().start_actor(module));
    EXPECT_EQ(call(signer.key(), "Echo", as_bytes("x")), "x");
    ASSERT_TRUE(host->stop_actor(signer.key()));
    EXPECT_EQ(call(signer.key(), "Echo").substr(0, 9), "not_found");
  }
  EXPECT_TRUE(host->stop_actor(signer.key()));  // idempotent
  EXPECT_EQ(actors(), 0U);
}

TEST_F(HostLife, StoppingAnActorLosesNoCallInExecution) {
  Signer signer;
  Signer busy;
  const auto key = start_actor(signer);
  test::book().reset();
  test::book().slow_ms = 100;
  const auto provider = *host->start_provider(test::memory_provider());
  ASSERT_TRUE(host->set_link({key, "wasmcloud:keyvalue", "default", provider, {}}));
  ASSERT_TRUE(host->settle(milliseconds(10000)));
  auto slow = std::async(std::launch::async, [&] {
    return call(key, "Relay", test::relay("wasmcloud:keyvalue", "Get", as_bytes("kept")));
  });
  while (test::book().entries("Get").empty()) std::this_thread::yield();
  ASSERT_TRUE(host->stop_actor(key));
  EXPECT_EQ(slow.get(), "kept");
}

// Code of a provider that runs on the caller's thread and returns long after the stop's limit.
TEST_F(HostLife, AStopEndsThoughACallDoesNot) {
  options.stop_timeout = milliseconds(100);
  auto table = test::memory_provider();
  table.flags |= TRELLIS_PROVIDER_NONBLOCKING;
  Signer signer;
  const auto key = start_actor(signer);
  test::book().reset();
  const auto provider = *host->start_provider(table);
  ASSERT_TRUE(host->set_link({key, "wasmcloud:keyvalue", "default", provider, {}}));
  ASSERT_TRUE(host->settle(milliseconds(10000)));
  test::book().slow_ms = 3000;
  auto stuck = std::async(std::launch::async, [&] {
    return call(key, "Relay", test::relay("wasmcloud:keyvalue", "Get", as_bytes("late")));
  });
  while (test::book().entries("Get").empty()) std::this_thread::yield();
  test::book().slow_ms = 0;
  EXPECT_FALSE(host->stop()) << "something was left alone";
  EXPECT_NE(stuck.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_FALSE(host->inventory()) << "it is stopped all the same";
  stuck.wait();
}

TEST_F(HostLife, LiveUpdatesFollowTheRules) {
  Signer signer;
  Signer stranger;
  const auto relay = test::guest_module("relay");
  const auto module = [&](std::int32_t revision, std::vector<std::string> caps) {
    auto claims = signer.claims();
    claims.rev = revision;
    claims.caps = std::move(caps);
    return signer.sign(relay, claims);
  };
  const std::vector<std::string> caps = {"wasmcloud:keyvalue"};
  const auto update = [&](const Bytes& bytes) {
    auto done = host->update_actor(signer.key(), bytes);
    return done ? done : done;
  };
  ASSERT_TRUE(start().start_actor(module(1, caps)));
  EXPECT_EQ(update(module(2, caps)).error().code, ErrorCode::denied);  // off by default
  host->stop();
  host.reset();
  options.live_updates = true;
  ASSERT_TRUE(start().start_actor(module(1, caps)));
  EXPECT_FALSE(update(module(1, caps)));                                   // not higher
  EXPECT_FALSE(update(module(2, {"wasmcloud:logging"})));                  // other capabilities
  EXPECT_FALSE(update(stranger.sign(relay)));                              // another key
  EXPECT_FALSE(host->update_actor(stranger.key(), stranger.sign(relay)));  // does not run
  EXPECT_EQ(call(signer.key(), "Echo", as_bytes("old serves")), "old serves");
  EXPECT_TRUE(update(module(2, caps)));
  EXPECT_EQ(host->inventory()->actors.at(0).identity.revision, 2);
  EXPECT_EQ(call(signer.key(), "Echo", as_bytes("new serves")), "new serves");
}

TEST_F(HostLife, AnUpdateByAnotherIssuerIsRefusedUnlessAllowed) {
  Signer owner;
  Signer stranger;
  const auto relay = test::guest_module("relay");
  const auto next = [&](Signer& signer, std::int32_t revision) {
    auto claims = owner.claims();
    claims.rev = revision;
    return signer.sign(relay, claims);
  };
  options.live_updates = true;
  ASSERT_TRUE(start().start_actor(next(owner, 1)));
  const auto refused = host->update_actor(owner.key(), next(stranger, 2));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::denied) << refused.error().message;
  EXPECT_EQ(host->inventory()->actors.at(0).identity.issuer, owner.issuer());
  EXPECT_TRUE(host->update_actor(owner.key(), next(owner, 2)));
  host->stop();
  host.reset();
  options.same_issuer_for_updates = false;
  ASSERT_TRUE(start().start_actor(next(owner, 1)));
  EXPECT_TRUE(host->update_actor(owner.key(), next(stranger, 2)));
  EXPECT_EQ(host->inventory()->actors.at(0).identity.issuer, stranger.issuer());
}

TEST_F(HostLife, AnUpdateUnderLoadFailsNoCall) {
  options.live_updates = true;
  Signer signer;
  const auto relay = test::guest_module("relay");
  start_actor(signer);
  std::atomic<bool> stop{false};
  std::atomic<int> failed{0};
  std::atomic<int> answered{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t) {
    callers.emplace_back([&] {
      while (!stop) {
        if (call(signer.key(), "Echo", as_bytes("x")) == "x") {
          ++answered;
        } else {
          ++failed;
        }
      }
    });
  }
  for (std::int32_t revision = 2; revision < 12; ++revision) {
    auto claims = signer.claims();
    claims.rev = revision;
    const auto updated = host->update_actor(signer.key(), signer.sign(relay, claims));
    ASSERT_TRUE(updated) << updated.error().message;
  }
  while (answered < 100) std::this_thread::yield();
  stop = true;
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(failed, 0);
}

TEST_F(HostLife, PoolsFollowOptionsTagsAndDefaults) {
  options.max_instances = 3;
  Signer plain;
  Signer serial;
  Signer chosen;
  start_actor(plain);
  start_actor(serial, [](auto& claims) { claims.tags = {"serial"}; });
  start_actor(chosen, {}, {.min_instances = 2, .max_instances = 2, .limits = {}, .source = {}});
  const auto inventory = *host->inventory();
  for (const auto& actor : inventory.actors) {
    EXPECT_EQ(actor.instances, actor.identity.key == chosen.key() ? 2U : 1U);
  }
}

TEST_F(HostLife, HealthRoundsFillTheInventory) {
  Signer signer;
  start_actor(signer);
  ASSERT_TRUE(host->start_provider(test::memory_provider()));
  EXPECT_EQ(host->inventory()->actors.at(0).health.state, HealthState::unknown);
  host->check_health();
  const auto inventory = *host->inventory();
  EXPECT_EQ(inventory.actors.at(0).health.state, HealthState::healthy);
  EXPECT_TRUE(inventory.actors.at(0).health.checked.has_value());
  ASSERT_EQ(inventory.providers.size(), 3U);  // the lattice cache and extras are in every host
  for (const auto& provider : inventory.providers) {
    EXPECT_EQ(provider.health.state, HealthState::healthy) << provider.name;
    EXPECT_EQ(provider.health.reason,
              provider.contract_id == "wasmcloud:keyvalue" &&
                      provider.name != "NATS Replicated In-Memory Key-Value Store"
                  ? "fine"
                  : "");
  }
}

// A busy actor is not waited for: what it does tells whether it lives.
TEST_F(HostLife, AnActorWhoseInstancesAreAllBusyIsJudgedByItsProgress) {
  options.max_instances = 1;
  options.call_timeout = std::chrono::minutes(1);
  Signer signer;
  const auto key = start_actor(signer);
  test::book().reset();
  const auto provider = *host->start_provider(test::memory_provider());
  ASSERT_TRUE(host->set_link({key, "wasmcloud:keyvalue", "default", provider, {}}));
  ASSERT_TRUE(host->settle(milliseconds(10000)));
  const auto health = [&] { return host->inventory()->actors.at(0).health.state; };
  test::book().slow_ms = 3000;
  auto busy = std::async(std::launch::async, [&] {
    return call(key, "Relay", test::relay("wasmcloud:keyvalue", "Get", as_bytes("late")));
  });
  while (test::book().entries("Get").empty()) std::this_thread::yield();
  host->check_health();
  const auto at_first = health();
  host->check_health();
  const auto without_progress = health();
  ASSERT_NE(busy.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  EXPECT_EQ(at_first, HealthState::healthy);
  EXPECT_EQ(without_progress, HealthState::unhealthy);
  test::book().slow_ms = 0;
  EXPECT_EQ(busy.get(), "late");
  host->check_health();
  EXPECT_EQ(health(), HealthState::healthy);
}

TEST_F(HostLife, AHangingProviderTurnsUnhealthyAndComesBack) {
  options.call_timeout = milliseconds(200);
  options.health_timeout = milliseconds(50);
  start();
  test::book().reset();
  ASSERT_TRUE(host->start_provider(test::memory_provider()));
  test::book().slow_ms = 400;
  host->check_health();
  EXPECT_EQ(memory_health().state, HealthState::unhealthy);
  EXPECT_EQ(memory_health().reason, "No successful health check response from target");
  test::book().slow_ms = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (memory_health().state != HealthState::healthy &&
         std::chrono::steady_clock::now() < deadline) {
    host->check_health();
  }
  EXPECT_EQ(memory_health().state, HealthState::healthy);
}

TEST_F(HostLife, HostsInOneProcessShareNothing) {
  auto other = HostBuilder(test::engine()).build();
  ASSERT_TRUE(other->start());
  Signer signer;
  start_actor(signer);
  EXPECT_NE(other->id(), host->id());
  EXPECT_TRUE(other->inventory()->actors.empty());
  EXPECT_FALSE(other->call_actor(signer.key(), "Echo", {}));
  other->stop();
  EXPECT_EQ(call(signer.key(), "Echo", as_bytes("x")), "x");
}

TEST_F(HostLife, UnknownProvidersAreRefusedWithWhatThereIs) {
  auto started = start().start_provider("builtin:toaster");
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().remedy.find("builtin:keyvalue"), std::string::npos);
  EXPECT_FALSE(host->start_provider("/nonexistent/provider.so"));
  EXPECT_TRUE(host->stop_provider("builtin:keyvalue"));  // not running: not an error
}

TEST_F(HostLife, AHostHasTheBuiltInProvidersItIsGiven) {
  options.builtins = {{"builtin:mine", &test::memory_provider()}};
  EXPECT_EQ(start().builtins().size(), 1U);
  const auto started = host->start_provider("builtin:mine");
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(host->start_provider("builtin:keyvalue").error().remedy, "there are builtin:mine");
  const auto inventory = host->inventory();
  ASSERT_TRUE(inventory);
  for (const auto& provider : inventory->providers) {
    EXPECT_NE(provider.contract_id, "wasmcloud:extras") << "nobody gave it extras";
  }
  EXPECT_TRUE(host->stop_provider("builtin:mine"));
}

TEST_F(HostLife, AHostWithoutBuiltInProvidersStarts) {
  options.builtins.clear();
  Signer signer;
  start_actor(signer);
  EXPECT_EQ(call(signer.key(), "Echo", as_bytes("x")), "x");
  EXPECT_NE(host->start_provider("builtin:keyvalue").error().remedy.find("HostOptions::builtins"),
            std::string::npos);
}

TEST_F(HostLife, BuiltInProvidersThatCannotBeNamedStopTheStart) {
  const auto* table = &test::memory_provider();
  for (const std::vector<BuiltinProvider>& wrong :
       {std::vector<BuiltinProvider>{{"mine", table}},
        std::vector<BuiltinProvider>{{"builtin:", table}},
        std::vector<BuiltinProvider>{{"builtin:mine", nullptr}},
        std::vector<BuiltinProvider>{{"builtin:mine", table}, {"builtin:mine", table}}}) {
    HostOptions bad;
    bad.builtins = wrong;
    const auto started = HostBuilder(test::engine()).options(std::move(bad)).build()->start();
    ASSERT_FALSE(started) << wrong.front().name;
    EXPECT_EQ(started.error().code, ErrorCode::invalid_argument);
  }
}

TEST_F(HostLife, ACacheThatNothingOpensStopsTheStart) {
  HostOptions bad;
  bad.lattice.cache.redis = {"redis://127.0.0.1:1/0"};
  const auto started = HostBuilder(test::engine()).options(std::move(bad)).build()->start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::unsupported);
  EXPECT_NE(started.error().remedy.find("open_redis_cache"), std::string::npos);
}

}  // namespace
}  // namespace trellis
