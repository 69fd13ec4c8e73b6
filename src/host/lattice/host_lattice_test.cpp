// Hosts in a lattice, over a real server: calls, links and claims across hosts, servers that go and
// come (lattice.md 4, 6; host.md 7.3, 9).
#include <atomic>
#include <thread>

#include "nats/connect.hpp"
#include "support/capture_log.hpp"
#include "support/lattice_fixture.hpp"

namespace trellis {
namespace {

using test::eventually;
using test::relay;
using test::Signer;

struct HostLattice : test::LatticeFixture {
  static std::string start_memory(Host& host) {
    test::book().reset();
    auto key = host.start_provider(test::memory_provider());
    EXPECT_TRUE(key) << key.error().message;
    return key.value_or("");
  }
  static Link keyvalue_link(const std::string& actor, const std::string& provider) {
    return {.actor = actor,
            .contract_id = "wasmcloud:keyvalue",
            .link_name = "default",
            .provider_id = provider,
            .values = {{"A", "1"}}};
  }
  static bool bound(Host& host, const std::string& actor) {
    for (const auto& info : host.links()) {
      if (info.link.actor == actor) return info.state == LinkState::bound;
    }
    return false;
  }
};

TEST_F(HostLattice, CallsCrossHosts) {
  Signer signer;
  auto& a = start();
  auto& b = start();
  const auto key = start_actor(a, signer);
  EXPECT_EQ(call(b, key, "Echo", as_bytes("hello")), "hello");
  EXPECT_EQ(call(b, key, "Nope"),
            "provider_failed: Failed to invoke actor: Guest call failure: refused");
  const auto seen = a.inventory();
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->lattice.calls_in, 2U);
  EXPECT_EQ(seen->lattice.calls_refused, 0U);
}

TEST_F(HostLattice, EveryByteValueAndManyLengthsCross) {
  Signer signer;
  auto& a = start();
  auto& b = start();
  const auto key = start_actor(a, signer);
  for (const std::size_t size : {0UL, 1UL, 15UL, 16UL, 255UL, 65535UL, 65536UL}) {
    Bytes payload(size);
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<std::uint8_t>(i * 7);
    const auto answer = b.call_actor(key, "Echo", payload);
    ASSERT_TRUE(answer) << size << ": " << answer.error().message;
    EXPECT_EQ(*answer, payload) << size;
  }
}

TEST_F(HostLattice, ACallThatDoesNotFitFailsHere) {
  Signer signer;
  auto& a = start();
  auto& b = start();
  const auto key = start_actor(a, signer);
  const auto answer = b.call_actor(key, "Echo", Bytes(2'000'000));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::limit) << answer.error().message;
  EXPECT_EQ(call(b, key, "Echo", as_bytes("still there")), "still there");
}

/// Lets nobody through before `all` are inside: each computes, as a busy guest does.
struct Meeting final : Middleware {
  explicit Meeting(int all) : all_(all) {}
  Result<void> actor_pre_invoke(const InvocationView& call) override {
    if (call.operation != "Meet") return {};
    ++inside_;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (inside_ < all_) {
      if (std::chrono::steady_clock::now() > end) {
        return fail(ErrorCode::deadline, "nobody else came");
      }
    }
    return {};
  }

 private:
  const int all_;
  std::atomic<int> inside_ = 0;
};

TEST_F(HostLattice, TwoCallsToOneActorRunAtTheSameTime) {
  Signer signer;
  auto& a = start(
      [](HostOptions& options) { options.middleware.push_back(std::make_shared<Meeting>(2)); });
  auto& b = start();
  const auto key = start_actor(a, signer);
  std::vector<std::string> answers(2);
  {
    std::vector<std::jthread> callers;
    for (auto& answer : answers) {
      callers.emplace_back([&] { answer = call(b, key, "Meet"); });
    }
  }
  // The guest refuses what it does not know; it got there, so the two met.
  for (const auto& answer : answers) EXPECT_NE(answer.find("refused"), std::string::npos) << answer;
}

TEST_F(HostLattice, AnActorThatRunsNowhereIsKnownAtOnce) {
  auto& b = start();
  // With an hour to wait: what comes is no deadline.
  const auto answer = b.call_actor(Signer().key(), "Echo", {}, std::chrono::hours(1));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::not_found) << answer.error().message;
}

TEST_F(HostLattice, ActorsFindEachOtherByAlias) {
  Signer first;
  Signer second;
  auto& a = start();
  auto& b = start();
  const auto caller = start_actor(a, first);
  start_actor(b, second, [](auto& claims) { claims.call_alias = "tests/second"; });
  EXPECT_TRUE(eventually([&] {
    return call(a, caller, "Relay", relay("tests/second", "Echo", as_bytes("x"))) == "x";
  }));
}

TEST_F(HostLattice, ALinkSetOnAThirdHostBindsTheProviderAndCarriesCalls) {
  Signer signer;
  auto& a = start();
  auto& b = start();
  auto& c = start();
  const auto actor = start_actor(a, signer);
  const auto provider = start_memory(b);
  ASSERT_TRUE(c.set_link(keyvalue_link(actor, provider)));
  ASSERT_TRUE(eventually([&] { return bound(b, actor); }));
  EXPECT_TRUE(eventually([&] {  // the actor's host learns of the link by itself
    return call(a, actor, "Relay", relay("wasmcloud:keyvalue", "Get", as_bytes("v"))) == "v";
  }));
  EXPECT_EQ(test::book().entries("BindActor").size(), 1U);
  ASSERT_TRUE(c.remove_link(actor, "wasmcloud:keyvalue"));
  EXPECT_TRUE(eventually([&] { return test::book().entries("RemoveActor").size() == 1; }));
}

TEST_F(HostLattice, ALinkThatIsToldAgainUnchangedBindsNobodyAgain) {
  Signer signer;
  Signer other;
  auto& a = start();
  auto& b = start();
  const auto actor = start_actor(a, signer);
  const auto marker = start_actor(a, other);
  const auto provider = start_memory(b);
  const auto link = keyvalue_link(actor, provider);
  ASSERT_TRUE(a.set_link(link));
  ASSERT_TRUE(eventually([&] { return bound(b, actor); }));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(a.set_link(link));
  // Tells when the others have been looked at.
  ASSERT_TRUE(a.set_link(keyvalue_link(marker, provider)));
  ASSERT_TRUE(eventually([&] { return bound(b, marker); }));
  EXPECT_EQ(test::book().entries("BindActor " + actor).size(), 1U);
  EXPECT_EQ(test::book().entries("RemoveActor").size(), 0U);
}

TEST_F(HostLattice, CallsFromElsewhereWaitForTheFirstBinding) {
  Signer signer;
  auto& a = start();
  auto& b = start();
  const auto actor = start_actor(a, signer);
  const auto provider = start_memory(b);
  test::book().slow_ms = 500;  // BindActor takes that long, and then each call
  ASSERT_TRUE(a.set_link(keyvalue_link(actor, provider)));
  ASSERT_TRUE(eventually([&] {
    const auto links = b.links();
    return !links.empty() && links.front().state == LinkState::binding;
  }));
  EXPECT_EQ(call(a, actor, "Relay", relay("wasmcloud:keyvalue", "Get", as_bytes("v"))), "v");
  EXPECT_EQ(test::book().early, 0);
  test::book().slow_ms = 0;
}

TEST_F(HostLattice, ALateHostLearnsClaimsAndLinksFromTheCache) {
  Signer signer;
  auto& a = start();
  const auto actor = start_actor(a, signer);
  auto& b = start();
  const auto provider = start_memory(b);
  ASSERT_TRUE(a.set_link(keyvalue_link(actor, provider)));
  b.stop();
  auto& late = start();
  ASSERT_TRUE(late.start_provider(test::memory_provider()));
  EXPECT_TRUE(eventually([&] { return bound(late, actor); }));
  EXPECT_EQ(call(a, actor, "Relay", relay("wasmcloud:keyvalue", "Get", as_bytes("v"))), "v");
}

/// Somebody else at the server, who only listens.
struct Listener {
  explicit Listener(const test::NatsServer& server, const std::string& subject)
      : transport(*nats::connect_nats(server.options(), Log{})) {
    interest = *transport->subscribe(subject, {}, [this](const nats::Message&) { ++heard; });
    EXPECT_TRUE(transport->flush(std::chrono::steady_clock::now() + test::patience));
  }
  /// After all that others have sent so far.
  std::size_t count() {
    EXPECT_TRUE(transport->flush(std::chrono::steady_clock::now() + test::patience));
    return heard;
  }

  std::atomic<std::size_t> heard{0};
  std::unique_ptr<nats::Transport> transport;
  std::unique_ptr<nats::Subscription> interest;
};

TEST_F(HostLattice, WhatStartsHereIsToldAgainThoughTheCacheKnowsIt) {
  Signer signer;
  auto& a = start();
  const auto key = start_actor(a, signer);
  ASSERT_TRUE(a.stop_actor(key));
  Listener peer(server, "lattice.state.events");
  ASSERT_EQ(start_actor(a, signer), key);
  EXPECT_TRUE(eventually([&] { return peer.count() > 0; }))
      << "a peer that lost the claims never hears of them again";
  const auto provider = start_memory(a);
  const auto link = keyvalue_link(key, provider);
  ASSERT_TRUE(a.set_link(link));
  ASSERT_TRUE(eventually([&] { return bound(a, key); }));
  const auto before = peer.count();
  ASSERT_TRUE(a.set_link(link));
  EXPECT_TRUE(eventually([&] { return peer.count() > before; }));
}

TEST_F(HostLattice, AJoinAsksOnce) {
  // It hears the questions and never answers.
  Listener silent(server, "lattice.state.replay");
  auto& a = start();
  start();  // answered by the first, whose second question would be out by now
  Signer signer;
  const auto key = start_actor(a, signer);
  EXPECT_EQ(call(*hosts.back(), key, "Echo", as_bytes("x")), "x");
  EXPECT_EQ(silent.count(), 2U) << "one of each host";
}

TEST_F(HostLattice, WithoutAServerTheHostServesItselfAndJoinsLater) {
  server.kill();
  Signer signer;
  auto& a = start();
  const auto key = start_actor(a, signer);
  EXPECT_EQ(call(a, key, "Echo", as_bytes("alone")), "alone");
  server.start();
  auto& b = start();
  EXPECT_TRUE(eventually([&] { return call(b, key, "Echo", as_bytes("now")) == "now"; }));
}

TEST_F(HostLattice, AfterARestartOfTheServerEverythingIsAsBefore) {
  Signer signer;
  auto& a = start();
  auto& b = start();
  const auto actor = start_actor(a, signer);
  const auto provider = start_memory(b);
  server.restart();
  ASSERT_TRUE(a.set_link(keyvalue_link(actor, provider)));  // perhaps while nobody hears it
  ASSERT_TRUE(eventually([&] { return bound(b, actor); }));
  EXPECT_TRUE(eventually([&] { return call(b, actor, "Echo", as_bytes("x")) == "x"; }));
  EXPECT_EQ(call(a, actor, "Relay", relay("wasmcloud:keyvalue", "Get", as_bytes("v"))), "v");
}

TEST_F(HostLattice, StoppingOneOfTwoLosesNoCall) {
  Signer signer;
  auto& a = start();
  auto& b = start();
  auto& c = start();
  const auto key = start_actor(a, signer);
  start_actor(b, signer);
  std::atomic<bool> done{false};
  std::atomic<int> good{0};
  std::atomic<int> bad{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      while (!done) (call(c, key, "Echo", as_bytes("x")) == "x" ? good : bad)++;
    });
  }
  ASSERT_TRUE(eventually([&] { return good > 200; }));
  ASSERT_TRUE(a.stop_actor(key));
  const int then = good;
  ASSERT_TRUE(eventually([&] { return good > then + 200; }));
  done = true;
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(bad, 0);
}

TEST_F(HostLattice, TwoProgramsWithOneKeyAreTold) {
  Signer signer;
  const auto first = std::make_shared<test::CaptureLog>();
  const auto second = std::make_shared<test::CaptureLog>();
  auto& a = start([&](auto& options) { options.log = first; });
  auto& b = start([&](auto& options) { options.log = second; });
  start_actor(a, signer);
  auto& c = start();
  start_actor(c, signer);  // the same program: nothing to tell
  ASSERT_TRUE(b.start_actor(signer.sign(test::guest_module("sleeper"), signer.claims())));
  for (const auto& log : {first, second}) {
    EXPECT_TRUE(eventually([&] { return log->count("two programs have the key") > 0; }));
  }
  auto claims = signer.claims();
  claims.rev = claims.rev.value_or(0) + 1;  // another version: hosts often run two for a while
  auto& d = start([&](auto& options) { options.log = std::make_shared<test::CaptureLog>(); });
  ASSERT_TRUE(d.start_actor(signer.sign(test::guest_module("sleeper"), claims)));
  d.stop();
  EXPECT_EQ(first->count("two programs have the key"), 1U);
  EXPECT_EQ(second->count("two programs have the key"), 1U);
}

TEST_F(HostLattice, NamespacesDoNotMeet) {
  Signer signer;
  auto& a = start([](auto& options) { options.lattice.ns = "one"; });
  auto& b = start([](auto& options) { options.lattice.ns = "two"; });
  const auto key = start_actor(a, signer);
  EXPECT_FALSE(b.call_actor(key, "Echo", {}));
}

}  // namespace
}  // namespace trellis
