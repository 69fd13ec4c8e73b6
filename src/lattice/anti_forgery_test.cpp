#include "lattice/anti_forgery.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "base/limits.hpp"
#include "identity/claims.hpp"
#include "identity/test_keys.hpp"
#include "identity/token.hpp"
#include "support/test_clock.hpp"

namespace trellis::lattice {
namespace {

using identity::KeyPair;
using identity::KeyType;
using test::TestClock;

class AntiForgery : public testing::Test {
 protected:
  [[nodiscard]] Invocation signed_call(std::string_view operation = "Op") {
    return *sign_call(origin, target, operation, message, key, random, *clock);
  }
  /// Puts a token of other claims onto the call.
  void sign_again(Invocation& call, const KeyPair& issuer,
                  const std::function<void(identity::InvocationClaims&)>& change) {
    auto claims = identity::decode_invocation(call.encoded_claims)->claims;
    change(claims);
    claims.iss = issuer.public_key().text();
    call.encoded_claims = identity::make_token(identity::to_json(claims), issuer);
  }
  [[nodiscard]] std::string verdict(const Invocation& call) { return verdict(call, verifier); }
  [[nodiscard]] std::string verdict(const Invocation& call, const CallVerifier& by) {
    const auto result = by.verify(call, target);
    if (result) return "ok";
    EXPECT_TRUE(result.error().message.starts_with("invocation refused: "))
        << result.error().message;
    return result.error().message;
  }

  std::shared_ptr<TestClock> clock = std::make_shared<TestClock>();
  SystemRandom random;
  KeyPair key = KeyPair::generate(KeyType::server, random);
  KeyPair other = KeyPair::generate(KeyType::server, random);
  Entity origin = Entity::actor("system");
  Entity target = Entity::provider(identity::test::service_key, "wasmcloud:keyvalue", "default");
  Bytes message = {1, 2, 3};
  CallVerifier verifier{{}, clock, random};
};

TEST_F(AntiForgery, WhatIsSignedHereIsAcceptedOnce) {
  const auto call = signed_call();
  EXPECT_EQ(call.id.size(), 36U);
  EXPECT_EQ(call.host_id, key.public_key().text());
  EXPECT_EQ(verdict(call), "ok");
  EXPECT_EQ(verdict(call), "invocation refused: its id was used before (a replay)");
  clock->advance(std::chrono::seconds(61));
  EXPECT_EQ(verdict(call), "ok") << "after the window";
}

TEST_F(AntiForgery, EveryAlterationIsNamed) {
  const auto changed = [&](auto&& change) {
    auto call = signed_call();
    change(call);
    return verdict(call);
  };
  const std::string hash =
      "invocation refused: the hash does not match (origin, target, operation or message was "
      "changed)";
  EXPECT_EQ(changed([](auto& c) { c.msg.push_back(0); }), hash);
  EXPECT_EQ(changed([](auto& c) { c.operation = "Other"; }), hash);
  EXPECT_EQ(changed([](auto& c) { c.origin = Entity::actor("M"); }), hash);
  EXPECT_EQ(changed([](auto& c) { c.id = "other"; }),
            "invocation refused: the token's subject is not the invocation id");
  EXPECT_EQ(changed([&](auto& c) { c.host_id = other.public_key().text(); }),
            "invocation refused: the token's issuer is not the sending host");
  EXPECT_EQ(changed([](auto& c) { c.encoded_claims.back() = '\n'; }).find("invocation refused"), 0);
}

TEST_F(AntiForgery, ClaimsMustFitTheCall) {
  const auto with = [&](const std::function<void(identity::InvocationClaims&)>& change) {
    auto call = signed_call();
    sign_again(call, key, change);
    return verdict(call);
  };
  EXPECT_EQ(with([](auto&) {}), "ok");
  EXPECT_EQ(with([](auto& c) { c.exp = 1'699'999'999; }),
            "invocation refused: its token has expired");
  EXPECT_EQ(with([](auto& c) { c.nbf = 1'700'000'100; }),
            "invocation refused: its token is not valid yet");
  EXPECT_EQ(with([](auto& c) { c.target_url += "x"; }),
            "invocation refused: the token is for another target");
  EXPECT_EQ(with([](auto& c) { c.origin_url += "x"; }),
            "invocation refused: the token is for another origin");
  EXPECT_NE(with([](auto& c) {
              for (auto& digit : c.hash) digit = static_cast<char>(std::tolower(digit));
            }),
            "ok");
}

TEST_F(AntiForgery, IssuersOfOtherKindsAreRefused) {
  for (const auto type : {KeyType::account, KeyType::module, KeyType::user}) {
    const auto issuer = KeyPair::generate(type, random);
    auto call = signed_call();
    sign_again(call, issuer, [](auto&) {});
    call.host_id = issuer.public_key().text();
    EXPECT_EQ(verdict(call), "invocation refused: its issuer is not a host key");
  }
}

TEST_F(AntiForgery, OnlyTheServedTargetAndNoInternalOperation) {
  const auto call = signed_call();
  for (const auto& served :
       {Entity::provider(identity::test::service_key, "wasmcloud:keyvalue", "other"),
        Entity::provider(identity::test::service_key, "other", "default"),
        Entity::provider("V", "wasmcloud:keyvalue", "default"), Entity::actor("M")}) {
    EXPECT_FALSE(verifier.verify(call, served));
  }
  for (const auto* operation : {"BindActor", "RemoveActor", "__halt", "__x", "HealthRequest"}) {
    EXPECT_EQ(verdict(signed_call(operation)), std::string("invocation refused: operation ") +
                                                   operation + " is never taken from the lattice");
  }
  target = Entity::actor(identity::test::module_key);
  EXPECT_EQ(verdict(signed_call("HealthRequest")), "ok") << "harmless for an actor";
}

TEST_F(AntiForgery, PolicyOfHostsAndAge) {
  const CallVerifier picky({.allowed_hosts = {other.public_key().text()}}, clock, random);
  EXPECT_EQ(verdict(signed_call(), picky),
            "invocation refused: its host is not on the list of allowed hosts");
  const CallVerifier mine({.allowed_hosts = {key.public_key().text()}}, clock, random);
  EXPECT_EQ(verdict(signed_call(), mine), "ok");
  const CallVerifier young({.allowed_hosts = {}, .max_token_age = std::chrono::seconds(30)}, clock,
                           random);
  const auto old = signed_call();
  clock->advance(std::chrono::seconds(31));
  EXPECT_EQ(verdict(old, young),
            "invocation refused: its token is 31 s old, at most 30 are allowed");
  clock->advance(std::chrono::seconds(-100));
  EXPECT_EQ(verdict(old, young), "ok") << "clocks of others may be ahead";
}

TEST_F(AntiForgery, ForgedCallsDoNotUseUpTheId) {
  const auto genuine = signed_call();
  auto forged = genuine;
  forged.msg.push_back(9);
  EXPECT_NE(verdict(forged), "ok");
  forged = genuine;
  forged.encoded_claims = "a.b";
  EXPECT_NE(verdict(forged), "ok");
  EXPECT_EQ(verdict(genuine), "ok");
}

TEST_F(AntiForgery, TheWindowCanBeOff) {
  const CallVerifier open({.allowed_hosts = {}, .replay_window = std::chrono::seconds(0)}, clock,
                          random);
  const auto call = signed_call();
  EXPECT_EQ(verdict(call, open), "ok");
  EXPECT_EQ(verdict(call, open), "ok");
}

TEST_F(AntiForgery, MalformedTokensAreRefusedWithoutHarm) {
  const auto call = signed_call();
  const auto token = call.encoded_claims;
  const auto first = token.find('.');
  const auto last = token.rfind('.');
  std::vector<std::string> bad = {"",
                                  ".",
                                  "..",
                                  "...",
                                  "a.b",
                                  token.substr(0, last),
                                  token.substr(0, last + 1),
                                  token + ".",
                                  token + ".x",
                                  token + "=",
                                  token.substr(0, token.size() - 2),
                                  token + "AA",
                                  token.substr(first),
                                  std::string("eyJhbGciOiJub25lIn0") + token.substr(first),
                                  std::string(limits::token_chars + 1, 'a'),
                                  std::string(1000, '.'),
                                  std::string("\0\0.\0.\0", 6),
                                  " " + token,
                                  token.substr(0, last) + "." + std::string(86, '!')};
  for (std::size_t cut = 0; cut < token.size(); cut += 13) bad.push_back(token.substr(0, cut));
  for (const auto& text : bad) {
    auto hostile = call;
    hostile.encoded_claims = text;
    EXPECT_NE(verdict(hostile), "ok") << text;
  }
  // Any one character changed, at any place.
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto hostile = call;
    hostile.encoded_claims[i] = token[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(verdict(hostile), "ok") << i;
  }
  EXPECT_EQ(verdict(call), "ok");
}

TEST_F(AntiForgery, NamesOutsideAsciiAreNotSigned) {
  target = Entity::provider("V", "wasmcloud:keyvalue", "Ä");
  const auto call = sign_call(origin, target, "Op", message, key, random, *clock);
  ASSERT_FALSE(call);
  EXPECT_EQ(call.error().code, ErrorCode::invalid_argument);
}

TEST(ReplayWindow, ForgetsTheOldestFirstAndStaysBounded) {
  SystemRandom random;
  ReplayWindow window(std::chrono::seconds(60), 1600, random);
  const SteadyTime start{};
  for (int i = 0; i < 20'000; ++i) {
    EXPECT_TRUE(window.accept("id" + std::to_string(i), start + std::chrono::milliseconds(i)));
  }
  EXPECT_LE(window.size(), 1600U);
  EXPECT_GT(window.size(), 1000U);
  EXPECT_FALSE(window.accept("id19999", start + std::chrono::seconds(20)));
  EXPECT_TRUE(window.accept("id0", start + std::chrono::seconds(20))) << "forgotten long ago";
}

TEST(ReplayWindow, ManyThreadsAcceptEachIdOnce) {
  SystemRandom random;
  ReplayWindow window(std::chrono::seconds(60), 100'000, random);
  std::atomic<int> accepted = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        if (window.accept("id" + std::to_string(i), SteadyTime{})) ++accepted;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(accepted, 2000);
}

}  // namespace
}  // namespace trellis::lattice
