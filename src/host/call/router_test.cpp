// The router over tables a test fills and guests without an engine: who is reached, and what is
// refused. The table of who may call whom has a test of its own (authorization_test.cpp).
#include "host/call/router.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/call/native_actors_fixture.hpp"
#include "support/capture_log.hpp"
#include "threads/guest_thread.hpp"

namespace trellis::host {
namespace {

using Capabilities = std::optional<std::vector<std::string>>;

constexpr auto contract = "wasmcloud:keyvalue";
const std::string provider_key = "V" + std::string(55, 'P');

std::string key_of(char letter) {
  return "M" + std::string(55, letter);
}

SteadyTime soon() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(20);
}

/// Answers with what it was asked.
class EchoProvider final : public provider::Provider {
 public:
  Result<Bytes> call(const CallContext&, std::string_view origin, std::string_view operation,
                     ByteView payload) override {
    return to_bytes(std::string(operation)
                        .append(" by ")
                        .append(origin.substr(0, 2))
                        .append(": ")
                        .append(as_text(payload)));
  }
  const provider::Plugin& plugin() const noexcept override { std::abort(); }
  EntityId id() const noexcept override { return 1000; }
  bool stop(SteadyTime) override { return true; }
  provider::Statistics statistics() const noexcept override { return {}; }
};

/// Keeps who was called over the lattice.
class RecordingLattice final : public RemoteCalls {
 public:
  Result<Bytes> call(const Call& call) const override {
    calls.push_back(std::string(call.origin.key.substr(0, 2))
                        .append(" -> ")
                        .append(call.target.key.substr(0, 2))
                        .append(call.target.contract_id.empty() ? "" : " ")
                        .append(call.target.contract_id)
                        .append(" ")
                        .append(call.operation));
    return to_bytes("from afar");
  }
  mutable std::vector<std::string> calls;
};

class RouterTest : public testing::Test {
 protected:
  /// Everything on a thread that may enter guests.
  void run(const std::function<void()>& body) {
    auto thread = GuestThread::start("test", [&] {
      actors_ = std::make_unique<NativeActors>();
      body();
      tables_ = {};
      snapshot_.publish(std::make_shared<Tables>());
      router_.reset();
      actors_.reset();
    });
    ASSERT_TRUE(thread.has_value()) << thread.error().message;
    thread->join();
  }

  ActorEntry& add(char letter, Capabilities capabilities,
                  std::optional<std::uint64_t> expires = std::nullopt) {
    auto entry = std::make_shared<ActorEntry>();
    entry->actor = actors_->make(key_of(letter), std::move(capabilities), expires);
    entry->routes = std::make_shared<Routes>();
    tables_.actors.set(key_of(letter), entry);
    return *entry;
  }

  /// A link of an actor to the provider, which runs here or not.
  void link(ActorEntry& actor, bool in_claims, bool here) {
    auto route = std::make_shared<Route>();
    route->contract_id = contract;
    route->link_name = "default";
    route->provider_key = provider_key;
    route->in_claims = in_claims;
    if (here) route->provider = provider();
    actor.routes = std::make_shared<Routes>(Routes{std::move(route)});
  }

  std::shared_ptr<const ProviderEntry> provider() {
    auto entry = std::make_shared<ProviderEntry>();
    entry->key = provider_key;
    entry->link_name = "default";
    entry->description.contract_id = contract;
    entry->instance = std::make_shared<EchoProvider>();
    return entry;
  }

  void know(char letter, Capabilities capabilities,
            std::optional<std::uint64_t> expires = std::nullopt) {
    auto known = std::make_shared<KnownClaims>();
    known->claims.sub = known->identity.key = key_of(letter);
    known->claims.exp = expires;
    known->identity.capabilities = std::move(capabilities);
    tables_.claims.set(key_of(letter), std::move(known));
  }

  Router& router() {
    if (!router_) {
      if (!options_.clock) options_.clock = std::make_shared<SystemClock>();
      snapshot_.publish(std::make_shared<Tables>(tables_));
      router_ = std::make_unique<Router>(options_, snapshot_, remote_, Log(log_, "router"));
    }
    return *router_;
  }

  static std::string said(const Result<Bytes>& answer) {
    return answer ? std::string(as_text(*answer)) : answer.error().message;
  }
  std::string system(std::string_view target, std::string_view operation,
                     std::string_view payload) {
    return said(router().from_system(target, operation, as_bytes(payload), soon()));
  }
  /// A host call of the actor with this letter.
  std::string guest(char letter, const std::string& words) {
    return system(key_of(letter), "Call", words);
  }
  std::string lattice(const EntityRef& origin, const EntityRef& target) {
    return said(router().from_lattice(origin, target, "Get", as_bytes("x"), soon()));
  }

  RouterOptions options_;
  Tables tables_;
  TablesSnapshot snapshot_{std::make_shared<Tables>()};
  RecordingLattice remote_;
  std::shared_ptr<test::CaptureLog> log_ = std::make_shared<test::CaptureLog>();
  std::unique_ptr<NativeActors> actors_;
  std::unique_ptr<Router> router_;
};

constexpr auto denied = "Invocation authorization denied";
constexpr std::uint64_t long_ago = 1'000'000'000;

TEST_F(RouterTest, ReachesAnActorByKeyAndByAlias) {
  run([&] {
    add('A', Capabilities());
    tables_.aliases.set("demo/echo", key_of('A'));
    EXPECT_EQ(system(key_of('A'), "Echo", "x"), "x");
    EXPECT_EQ(system("demo/echo", "Echo", "y"), "y");
  });
}

TEST_F(RouterTest, ANameThatIsNeitherIsAnErrorThatSaysSo) {
  run([&] {
    const auto answer = router().from_system("nobody", "Echo", {}, soon());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::not_found);
    EXPECT_EQ(answer.error().message,
              "'nobody' is neither an actor's public key nor a known call alias");
  });
}

TEST_F(RouterTest, WhatDoesNotRunHereIsCalledOverTheLattice) {
  run([&] {
    auto& a = add('A', std::vector<std::string>{contract});
    link(a, true, false);
    EXPECT_EQ(system(key_of('B'), "Echo", "x"), "from afar");
    EXPECT_EQ(guest('A', "|" + key_of('C') + "|Greet|x"), "from afar");
    EXPECT_EQ(guest('A', "|wasmcloud:keyvalue|Get|x"), "from afar");
    EXPECT_EQ(remote_.calls, (std::vector<std::string>{"sy -> MB Echo", "MA -> MC Greet",
                                                       "MA -> VP wasmcloud:keyvalue Get"}));
  });
}

TEST_F(RouterTest, GuestsCallActorsAndProviders) {
  run([&] {
    auto& a = add('A', std::vector<std::string>{contract});
    add('B', Capabilities());
    link(a, true, true);
    EXPECT_EQ(guest('A', "|" + key_of('B') + "|Echo|hello"), "hello");
    EXPECT_EQ(guest('A', "default|wasmcloud:keyvalue|Get|key"), "Get by MA: key");
    EXPECT_EQ(guest('A', " |wasmcloud:keyvalue|Get|key"), "Get by MA: key")
        << "no binding is the default one";
  });
}

TEST_F(RouterTest, AnUnlinkedContractIsToldInTheFirstPartyText) {
  run([&] {
    add('A', std::vector<std::string>{contract});
    const auto answer = guest('A', "other|wasmcloud:keyvalue|Get|key");
    EXPECT_NE(answer.find("The target wasmcloud:keyvalue was not found as an actor public key"),
              std::string::npos)
        << answer;
  });
}

TEST_F(RouterTest, ADenialIsCountedAndLoggedAndTellsTheCallerNothing) {
  run([&] {
    auto& a = add('A', std::vector<std::string>{});
    link(a, false, true);
    EXPECT_NE(guest('A', "|wasmcloud:keyvalue|Get|x").find(denied), std::string::npos);
    EXPECT_EQ(router().denials(), 1U);
    EXPECT_EQ(log_->count("the caller's claims do not list the contract"), 1U);
  });
}

TEST_F(RouterTest, ProvidersReachActorsThatListTheirContractOnly) {
  run([&] {
    add('A', std::vector<std::string>{contract});
    add('B', std::vector<std::string>{});
    const EntityRef origin{provider_key, contract, "default"};
    const auto call = [&](char letter) {
      return said(
          router().from_provider(origin, nullptr, key_of(letter), "Echo", as_bytes("x"), soon()));
    };
    EXPECT_EQ(call('A'), "x");
    EXPECT_EQ(call('B'), denied);
    EXPECT_EQ(call('C'), "from afar") << "its own host decides";
  });
}

TEST_F(RouterTest, ExpiredClaimsStopCallsToAndFromTheActor) {
  run([&] {
    auto& a = add('A', std::vector<std::string>{contract}, long_ago);
    link(a, true, true);
    EXPECT_EQ(system(key_of('A'), "Echo", "x"), denied);
    const auto& expired = *a.actor;
    const auto answer = router().from_guest(expired, {}, "", contract, "Get", as_bytes("x"));
    EXPECT_EQ(said(answer), denied);
    EXPECT_EQ(log_->count("the caller's claims have expired"), 1U);
  });
}

TEST_F(RouterTest, ACallThatArrivesIsCheckedAgainstWhatIsKnown) {
  run([&] {
    add('A', Capabilities());
    tables_.providers.set(provider_slot(provider_key, "default"), provider());
    know('K', std::vector<std::string>{contract});
    know('L', std::vector<std::string>{});
    know('X', std::vector<std::string>{contract}, long_ago);
    const EntityRef store{provider_key, contract, "default"};
    const std::string known = key_of('K');
    const std::string unlisted = key_of('L');
    const std::string expired = key_of('X');
    const std::string unknown = key_of('U');
    EXPECT_EQ(lattice({known}, store), "Get by MK: x");
    EXPECT_EQ(lattice({unlisted}, store), denied);
    EXPECT_EQ(lattice({expired}, store), denied);
    EXPECT_EQ(lattice({unknown}, store), "Get by MU: x");
    EXPECT_EQ(lattice({"system"}, store), denied);
    EXPECT_EQ(lattice(store, store), "Attempt to invoke capability from non-actor origin");
    EXPECT_EQ(lattice({known}, {key_of('A')}), "x");
    EXPECT_EQ(lattice({"system"}, {key_of('A')}), "x");
    EXPECT_EQ(lattice(store, {key_of('A')}), denied) << "it lists nothing";
  });
}

TEST_F(RouterTest, StrictHostsTakeNothingFromStrangers) {
  options_.policy.deny_unknown_origins = true;
  run([&] {
    add('A', Capabilities());
    tables_.providers.set(provider_slot(provider_key, "default"), provider());
    const std::string unknown = key_of('U');
    EXPECT_EQ(lattice({unknown}, {key_of('A')}), denied);
    EXPECT_EQ(lattice({unknown}, {provider_key, contract, "default"}), denied);
  });
}

TEST_F(RouterTest, WhatArrivesForSomethingElsewhereIsNotPassedOn) {
  run([&] {
    const std::string key = key_of('A');
    EXPECT_EQ(lattice({"system"}, {key}), "actor " + key + " does not run here");
    EXPECT_NE(lattice({key}, {provider_key, contract, "default"}).find("does not serve"),
              std::string::npos);
    EXPECT_TRUE(remote_.calls.empty());
  });
}

TEST_F(RouterTest, AChainHasAnEnd) {
  run([&] {
    auto& a = add('A', std::vector<std::string>{});
    add('B', Capabilities());
    CallContext deep;
    deep.deadline = soon();
    while (deep.can_extend()) deep = deep.extended(7);
    EXPECT_EQ(said(router().from_guest(*a.actor, deep, "", key_of('B'), "Echo", {})),
              "call chain too deep");
  });
}

TEST_F(RouterTest, AProviderIsNotAskedWhenTheTimeIsOver) {
  run([&] {
    auto& a = add('A', std::vector<std::string>{contract});
    link(a, true, true);
    CallContext late;
    late.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1);
    EXPECT_EQ(said(router().from_guest(*a.actor, late, "", contract, "Get", {})),
              "the time allowed for this chain of calls ran out");
  });
}

/// Says no to one operation; throws for another.
struct Strict final : Authorizer {
  bool can_invoke(const ActorIdentity&, const InvocationView& call) override {
    if (call.operation == "Throw") throw std::runtime_error("broken");
    return call.operation != "Forbidden";
  }
};

TEST_F(RouterTest, AnAuthorizerCanOnlyTakeAway) {
  options_.authorizer = std::make_shared<Strict>();
  run([&] {
    auto& a = add('A', std::vector<std::string>{contract});
    add('B', Capabilities());
    link(a, true, true);
    const auto to_b = [&](const std::string& operation) {
      return guest('A', "|" + key_of('B') + "|" + operation + "|x");
    };
    EXPECT_EQ(to_b("Echo"), "x");
    EXPECT_NE(to_b("Forbidden").find(denied), std::string::npos);
    EXPECT_NE(to_b("Throw").find(denied), std::string::npos) << "one that fails says no";
    EXPECT_NE(guest('A', "|wasmcloud:keyvalue|Forbidden|x").find(denied), std::string::npos);
    EXPECT_NE(guest('A', "|" + key_of('C') + "|Forbidden|x").find(denied), std::string::npos);
    EXPECT_TRUE(remote_.calls.empty()) << "also on the way out";
    EXPECT_EQ(router().denials(), 4U);
  });
}

/// Notes the hooks in their order; adds its mark to answers.
struct Marking final : Middleware {
  Marking(std::string mark, std::vector<std::string>& order)
      : mark_(std::move(mark)), order_(order) {}
  Result<void> actor_pre_invoke(const InvocationView&) override { return note("actor"); }
  Result<void> capability_pre_invoke(const InvocationView&) override { return note("provider"); }
  Result<Bytes> actor_post_invoke(const InvocationView&, Bytes response) override {
    return to_bytes(std::string(as_text(response)) + mark_);
  }
  Result<Bytes> capability_post_invoke(const InvocationView& call, Bytes response) override {
    return actor_post_invoke(call, std::move(response));
  }

 private:
  Result<void> note(const std::string& what) {
    order_.push_back(mark_ + " " + what);
    if (mark_ == "!") return fail(ErrorCode::denied, "not today");
    return {};
  }
  const std::string mark_;
  std::vector<std::string>& order_;
};

TEST_F(RouterTest, MiddlewareRunsInOrderAroundTheTarget) {
  std::vector<std::string> order;
  options_.middleware = {std::make_shared<Marking>("1", order),
                         std::make_shared<Marking>("2", order)};
  run([&] {
    auto& a = add('A', std::vector<std::string>{contract});
    link(a, true, true);
    EXPECT_EQ(system(key_of('A'), "Echo", "x"), "x12");
    EXPECT_EQ(said(router().from_guest(*a.actor, CallContext(), "", contract, "Get", {})),
              "the time allowed for this chain of calls ran out");
    CallContext context;
    context.deadline = soon();
    EXPECT_EQ(said(router().from_guest(*a.actor, context, "", contract, "Get", as_bytes("k"))),
              "Get by MA: k12");
    EXPECT_EQ(order, (std::vector<std::string>{"1 actor", "2 actor", "1 provider", "2 provider"}));
  });
}

TEST_F(RouterTest, MiddlewareThatFailsEndsTheCall) {
  std::vector<std::string> order;
  options_.middleware = {std::make_shared<Marking>("!", order),
                         std::make_shared<Marking>("2", order)};
  run([&] {
    auto& a = add('A', std::vector<std::string>{contract});
    link(a, true, true);
    EXPECT_EQ(system(key_of('A'), "Echo", "x"), "Pre-invoke middleware execution failure on actor");
    CallContext context;
    context.deadline = soon();
    EXPECT_EQ(said(router().from_guest(*a.actor, context, "", contract, "Get", {})),
              "Capability middleware pre-invoke failure: not today");
    EXPECT_EQ(order, (std::vector<std::string>{"! actor", "! provider"}));
  });
}

}  // namespace
}  // namespace trellis::host
