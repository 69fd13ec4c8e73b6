// Who may call whom, and what callers see: host.md 6, lattice.md 4, contracts.md 1.5 and 1.8.
#include <future>
#include <thread>

#include "support/host_fixture.hpp"

namespace trellis {
namespace {

using std::chrono::milliseconds;
using test::relay;
using test::Signer;

struct HostCalls : test::HostFixture {
  std::string provider_key;
  void link(const std::string& actor) {
    if (provider_key.empty()) {
      test::book().reset();
      auto started = start().start_provider(test::memory_provider());
      ASSERT_TRUE(started) << started.error().message;
      provider_key = *started;
    }
    ASSERT_TRUE(host->set_link({.actor = actor,
                                .contract_id = "wasmcloud:keyvalue",
                                .provider_id = provider_key,
                                .values = {}}));
    ASSERT_TRUE(host->settle(milliseconds(10000)));
  }
};

TEST_F(HostCalls, ApiCallsReachTheGuestAndComeBack) {
  Signer signer;
  const auto key = start_actor(signer);
  EXPECT_EQ(key, signer.key());
  EXPECT_EQ(call(key, "Echo", as_bytes("hello")), "hello");
  EXPECT_EQ(call(key, "Nope"), "guest_failed: Failed to invoke actor: Guest call failure: refused");
}

TEST_F(HostCalls, AnActorThatRunsNowhereIsNotFound) {
  start();
  EXPECT_EQ(call(Signer().key(), "Echo"),
            "not_found: No local bus subscribers found, and no lattice RPC client enabled");
}

TEST_F(HostCalls, ActorsCallEachOtherByKeyAndAlias) {
  Signer a;
  Signer b;
  const auto key_a = start_actor(a);
  const auto key_b = start_actor(b, [](auto& claims) { claims.call_alias = "tests/b"; });
  EXPECT_EQ(call(key_a, "Relay", relay(key_b, "Echo", as_bytes("x"))), "x");
  EXPECT_EQ(call(key_a, "Relay", relay("tests/b", "Echo", as_bytes("y"))), "y");
  EXPECT_EQ(call("tests/b", "Echo", as_bytes("z")), "z");
  EXPECT_EQ(call(key_a, "Relay", relay(key_b, "Nope")),
            "guest_failed: Failed to invoke actor: Guest call failure: Failed to invoke actor: "
            "Guest call failure: refused");
}

TEST_F(HostCalls, AnAliasThatLooksLikeAContractCapturesNothing) {
  Signer victim;
  Signer thief;
  const auto key = start_actor(victim);
  start_actor(thief, [](auto& claims) { claims.call_alias = "wasmcloud:keyvalue"; });
  link(key);
  EXPECT_EQ(call(key, "Relay", relay("wasmcloud:keyvalue", "Get", as_bytes("v"))), "v");
  EXPECT_EQ(test::book().entries("Get").size(), 1U);
  EXPECT_EQ(call("wasmcloud:keyvalue", "Echo").substr(0, 9), "not_found");
}

TEST_F(HostCalls, FirstComeFirstServedForAliases) {
  Signer first;
  Signer second;
  start_actor(first, [](auto& claims) { claims.call_alias = "tests/same"; });
  start_actor(second, [](auto& claims) { claims.call_alias = "tests/same"; });
  ASSERT_TRUE(host->stop_actor(second.key()));
  EXPECT_EQ(call("tests/same", "Echo", as_bytes("first")), "first");
}

TEST_F(HostCalls, ProviderErrorsComeBackUnchanged) {
  Signer signer;
  const auto key = start_actor(signer);
  link(key);
  EXPECT_EQ(call(key, "Relay", relay("wasmcloud:keyvalue", "Boom")),
            "guest_failed: Failed to invoke actor: Guest call failure: boom");
}

TEST_F(HostCalls, WithoutALinkTheTextNamesTargetAndSource) {
  Signer signer;
  const auto key = start_actor(signer);
  EXPECT_EQ(call(key, "Relay", relay("wasmcloud:keyvalue", "Get")),
            "guest_failed: Failed to invoke actor: Guest call failure: The target "
            "wasmcloud:keyvalue was not found as an actor public key, an actor call alias, or as "
            "the contract ID in an existing link from source actor " +
                key);
}

TEST_F(HostCalls, ABlankLinkNameMeansDefault) {
  Signer signer;
  const auto key = start_actor(signer);
  link(key);
  EXPECT_EQ(call(key, "Relay", relay("wasmcloud:keyvalue", "Get", as_bytes("v"), "  ")), "v");
}

TEST_F(HostCalls, AContractThatIsNotInTheClaimsIsDenied) {
  Signer signer;
  const auto key = start_actor(signer, [](auto& claims) { claims.caps = {"wasmcloud:logging"}; });
  link(key);
  EXPECT_EQ(call(key, "Relay", relay("wasmcloud:keyvalue", "Get")),
            "guest_failed: Failed to invoke actor: Guest call failure: Invocation authorization "
            "denied");
  EXPECT_TRUE(test::book().entries("Get").empty());
  EXPECT_TRUE(test::book().entries("BindActor").empty());  // D1
  ASSERT_EQ(host->links().size(), 1U);
  EXPECT_EQ(host->links()[0].state, LinkState::refused);
}

TEST_F(HostCalls, AnActorWithoutACapabilityListMayCallNobody) {
  Signer mute;
  Signer other;
  const auto key = start_actor(mute, [](auto& claims) { claims.caps.reset(); });
  const auto target = start_actor(other);
  EXPECT_EQ(call(key, "Relay", relay(target, "Echo")),
            "guest_failed: Failed to invoke actor: Guest call failure: Invocation authorization "
            "denied");
  EXPECT_EQ(call(key, "Echo", as_bytes("may be called")), "may be called");
}

TEST_F(HostCalls, AnEmptyCapabilityListIsEnoughToCallActors) {
  Signer a;
  Signer b;
  const auto key = start_actor(a, [](auto& claims) { claims.caps = std::vector<std::string>{}; });
  const auto target = start_actor(b);
  EXPECT_EQ(call(key, "Relay", relay(target, "Echo", as_bytes("ok"))), "ok");
}

TEST_F(HostCalls, AProviderCallsOnlyActorsWhoseClaimsListItsContract) {
  Signer linked;
  Signer stranger;
  const auto key = start_actor(linked);
  const auto other =
      start_actor(stranger, [](auto& claims) { claims.caps = {"wasmcloud:logging"}; });
  link(key);
  EXPECT_EQ(call(key, "Relay", relay("wasmcloud:keyvalue", "CallBack", as_bytes(other))),
            "guest_failed: Failed to invoke actor: Guest call failure: Invocation failure: "
            "Invocation authorization denied");
  // Re-entry: the provider calls the actor that is waiting for it; another instance answers.
  EXPECT_EQ(call(key, "Relay", relay("wasmcloud:keyvalue", "CallBack", as_bytes(key))), "Echo");
}

TEST_F(HostCalls, ExpiredClaimsStopCallsFromAndToTheActor) {
  struct LateClock final : Clock {
    SteadyTime steady() const noexcept override { return std::chrono::steady_clock::now(); }
    WallTime wall() const noexcept override {
      return std::chrono::system_clock::now() + std::chrono::hours(offset);
    }
    std::atomic<int> offset{0};
  };
  /// Lets the time run out when a call has been let in already.
  struct Delay final : Middleware {
    explicit Delay(LateClock& given) : clock(given) {}
    Result<void> actor_pre_invoke(const InvocationView& view) override {
      if (view.operation == "Relay") clock.offset = 1;
      return {};
    }
    LateClock& clock;
  };
  auto clock = std::make_shared<LateClock>();
  options.clock = clock;
  options.middleware = {std::make_shared<Delay>(*clock)};
  Signer lasting;
  const auto other = start_actor(lasting);
  Signer signer;
  const auto key = start_actor(signer, [](auto& claims) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    claims.exp = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(now).count() + 600);
  });
  EXPECT_EQ(call(key, "Echo", as_bytes("in time")), "in time");
  EXPECT_EQ(call(key, "Relay", relay(other, "Echo")),
            "guest_failed: Failed to invoke actor: Guest call failure: Invocation authorization "
            "denied");
  ASSERT_EQ(clock->offset, 1);
  EXPECT_EQ(call(key, "Echo"), "denied: Invocation authorization denied");
  EXPECT_EQ(call(other, "Echo", as_bytes("has no end")), "has no end");
}

TEST_F(HostCalls, AnAuthorizerCanOnlyNarrow) {
  struct Careful final : Authorizer {
    bool can_load(const ActorIdentity& actor) override { return actor.name != "unwanted"; }
    bool can_invoke(const ActorIdentity&, const InvocationView& view) override {
      if (view.operation == "Throw") throw std::runtime_error("authorizer broke");
      return view.operation != "Forbidden";
    }
  };
  options.authorizer = std::make_shared<Careful>();
  Signer a;
  Signer b;
  const auto key = start_actor(a);
  const auto target = start_actor(b);
  const std::string denied =
      "guest_failed: Failed to invoke actor: Guest call failure: Invocation authorization denied";
  EXPECT_EQ(call(key, "Relay", relay(target, "Echo", as_bytes("ok"))), "ok");
  EXPECT_EQ(call(key, "Relay", relay(target, "Forbidden")), denied);
  EXPECT_EQ(call(key, "Relay", relay(target, "Throw")), denied);
  Signer unwanted;
  auto claims = unwanted.claims();
  claims.name = "unwanted";
  const auto refused = host->start_actor(unwanted.sign(test::guest_module("relay"), claims));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "Permission denied starting actor.");
}

TEST_F(HostCalls, HooksRunAroundTheTargetInOrder) {
  struct Tracer final : Middleware {
    explicit Tracer(std::string given) : name(std::move(given)) {}
    Result<void> actor_pre_invoke(const InvocationView& view) override {
      if (view.operation == "Stop") return fail(ErrorCode::denied, "stopped by hook");
      return {};
    }
    Result<Bytes> actor_post_invoke(const InvocationView&, Bytes response) override {
      response.insert(response.end(), name.begin(), name.end());
      return response;
    }
    Result<Bytes> capability_post_invoke(const InvocationView&, Bytes) override {
      return fail(ErrorCode::denied, "no " + name);
    }
    std::string name;
  };
  options.middleware = {std::make_shared<Tracer>("1"), std::make_shared<Tracer>("2")};
  Signer signer;
  const auto key = start_actor(signer);
  EXPECT_EQ(call(key, "Echo", as_bytes("x")), "x12");
  EXPECT_EQ(call(key, "Stop"), "denied: Pre-invoke middleware execution failure on actor");
  link(key);
  EXPECT_EQ(call(key, "Relay", relay("wasmcloud:keyvalue", "Get")),
            "guest_failed: Failed to invoke actor: Guest call failure: Capability middleware "
            "post-invoke failure: no 1");
}

TEST_F(HostCalls, ASerialActorRefusesReEntryAndOthersAllowIt) {
  Signer serial;
  Signer parallel;
  const auto one = start_actor(serial, [](auto& claims) { claims.tags = {"serial"}; });
  const auto many = start_actor(parallel);
  EXPECT_EQ(call(many, "Relay", relay(many, "Echo", as_bytes("again"))), "again");
  EXPECT_EQ(call(one, "Relay", relay(many, "Relay", relay(one, "Echo"))),
            "guest_failed: Failed to invoke actor: Guest call failure: Failed to invoke actor: "
            "Guest call failure: actor " +
                one + " is already executing a call in this chain");
}

TEST_F(HostCalls, ManyOpposedChainsEndOneWayOrTheOther) {
  Signer a;
  Signer b;
  const auto serial = [](auto& claims) { claims.tags = {"serial"}; };
  const auto key_a = start_actor(a, serial);
  const auto key_b = start_actor(b, serial);
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const auto& first = t % 2 == 0 ? key_a : key_b;
        const auto& second = t % 2 == 0 ? key_b : key_a;
        const auto text = call(first, "Relay", relay(second, "Echo", as_bytes("done")));
        answered += text == "done" || text.ends_with("is already executing a call in this chain");
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(answered, 400);
}

TEST_F(HostCalls, ALoopOfCallsEndsAtTheDepthLimit) {
  Signer signer;
  const auto key = start_actor(signer);
  // Each level's payload is the whole rest of the loop; 20 levels fit into one payload.
  Bytes payload = relay(key, "Echo");
  for (int i = 0; i < 20; ++i) payload = relay(key, "Relay", payload);
  const auto text = call(key, "Relay", payload);
  EXPECT_TRUE(text.ends_with("call chain too deep") ||
              text.ends_with("is already executing a call in this chain"))
      << text;
  EXPECT_EQ(call(key, "Echo", as_bytes("unharmed")), "unharmed");
}

TEST_F(HostCalls, ATrapOrAnEndlessLoopCostsOneInstanceOnly) {
  options.call_timeout = milliseconds(300);
  Signer signer;
  Signer other;
  const auto key = start_actor(signer);
  const auto neighbour = start_actor(other);
  EXPECT_TRUE(call(key, "Trap").find("[trap] ") != std::string::npos) << call(key, "Trap");
  auto spinning = std::async(std::launch::async, [&] { return call(key, "Spin"); });
  EXPECT_EQ(call(neighbour, "Echo", as_bytes("fine")), "fine");
  EXPECT_EQ(spinning.get().substr(0, 9), "deadline:");
  EXPECT_EQ(call(key, "Echo", as_bytes("alive")), "alive");
  const auto inventory = host->inventory();
  ASSERT_TRUE(inventory);
  std::uint64_t replaced = 0;
  for (const auto& actor : inventory->actors) replaced += actor.replaced;
  EXPECT_GE(replaced, 2U);
}

TEST_F(HostCalls, GuestLogsCarryTheActorsKey) {
  struct Sink final : LogSink {
    bool enabled(LogLevel, std::string_view) const noexcept override { return true; }
    void write(const LogRecord& record) noexcept override {
      const std::scoped_lock lock(mutex);
      if (record.target == "actor" && !record.fields.empty()) {
        lines.push_back(std::string(record.text) + "|" + std::string(record.fields[0].value));
      }
    }
    std::mutex mutex;
    std::vector<std::string> lines;
  };
  auto sink = std::make_shared<Sink>();
  options.log = sink;
  Signer signer;
  const auto key = start_actor(signer);
  call(key, "Log", as_bytes("hello log"));
  const std::scoped_lock lock(sink->mutex);
  EXPECT_EQ(sink->lines, std::vector<std::string>{"hello log|" + key});
}

}  // namespace
}  // namespace trellis
