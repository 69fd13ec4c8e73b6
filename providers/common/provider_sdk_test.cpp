// The C++ cover for providers of others (include/trellis/provider.hpp) keeps the rules of
// contracts.md 2.3, 2.4 and 3.11 for them.
#include <gtest/gtest.h>

#include <stdexcept>

#include "support/provider_harness.hpp"
#include "trellis/provider.hpp"

namespace trellis::test {
namespace {

struct Link {
  std::string greeting;
};

class Greeter : public provider::Provider<Link> {
 public:
  static constexpr provider::Description description = {"example:greeting", "Greeter", "t", "1"};
  using Provider::Provider;

  Result<std::shared_ptr<Link>> bind(std::string_view, const StringMap& values,
                                     const std::shared_ptr<Link>& previous) override {
    ++binds;
    replaced = previous != nullptr;
    const auto found = values.find("GREETING");
    if (found == values.end()) return Error{"no GREETING"};
    if (found->second == "throw") throw std::runtime_error("oops");
    return std::make_shared<Link>(Link{found->second});
  }
  void unbind(std::string_view actor, Link&) override { unbound = actor; }

  Result<Bytes> handle(Link& link, const Call& call) override {
    if (call.operation == "Throw") throw 1;
    if (call.operation == "Ask") return host().dispatch(call.id, call.actor, "Name", call.payload);
    return link.greeting + " " + std::string(call.payload);
  }
  Health health() override { return {false, "tired"}; }

  static inline int binds;
  static inline bool replaced;
  static inline std::string unbound;
};

class ProviderSdk : public ::testing::Test {
 protected:
  ProviderSdk() {
    Greeter::binds = 0;
    Greeter::unbound.clear();
  }
  ~ProviderSdk() override {
    EXPECT_EQ(host_.bad_completions(), 0);
    EXPECT_EQ(host_.live_buffers(), 0);
  }
  std::string call(std::string_view actor, std::string_view operation, std::string_view payload) {
    const auto answer = provider_.call(actor, operation, as_bytes(payload));
    return answer ? std::string(as_text(*answer)) : "error: " + answer.error().message;
  }
  FakeHost host_;
  ProviderInstance provider_{host_, *provider::Adapter<Greeter>::table()};
};

TEST_F(ProviderSdk, LinksAreKeptForEachActor) {
  EXPECT_EQ(call("MA", "Greet", "you"), "error: actor MA is not linked to this provider");
  ASSERT_TRUE(provider_.bind("MA", {{"GREETING", "hello"}}));
  ASSERT_TRUE(provider_.bind("MB", {{"GREETING", "hi"}}));
  EXPECT_EQ(call("MA", "Greet", "you"), "hello you");
  EXPECT_EQ(call("MB", "Greet", "you"), "hi you");
  ASSERT_TRUE(provider_.remove("MA"));
  EXPECT_EQ(Greeter::unbound, "MA");
  ASSERT_TRUE(provider_.remove("MA")) << "nothing to do";
  EXPECT_EQ(call("MA", "Greet", "you"), "error: actor MA is not linked to this provider");
  EXPECT_EQ(call("MB", "Greet", "you"), "hi you");
}

TEST_F(ProviderSdk, BindingAgainDoesNothingOrReplaces) {
  ASSERT_TRUE(provider_.bind("MA", {{"GREETING", "hello"}}));
  ASSERT_TRUE(provider_.bind("MA", {{"GREETING", "hello"}}));
  EXPECT_EQ(Greeter::binds, 1);
  ASSERT_TRUE(provider_.bind("MA", {{"GREETING", "hi"}}));
  EXPECT_TRUE(Greeter::replaced);
  EXPECT_EQ(call("MA", "Greet", "you"), "hi you");
  EXPECT_EQ(provider_.bind("MA", {}).error().message, "no GREETING");
  EXPECT_EQ(call("MA", "Greet", "you"), "hi you") << "the previous link stays in force";
}

TEST_F(ProviderSdk, OnlyTheHostConfigures) {
  const auto values =
      codec::encode(codec::core::CapabilityConfiguration{"MA", {{"GREETING", "hello"}}});
  EXPECT_EQ(call("MA", "BindActor", as_text(values)), "error: bad dispatch");
  EXPECT_EQ(call("MA", "RemoveActor", as_text(values)), "error: bad dispatch");
  EXPECT_EQ(call("system", "BindActor", "\xc1").substr(0, 7), "error: ");
}

TEST_F(ProviderSdk, ExceptionsAreErrors) {
  ASSERT_TRUE(provider_.bind("MA", {{"GREETING", "hello"}}));
  EXPECT_EQ(call("MA", "Throw", ""), "error: internal error");
  EXPECT_EQ(provider_.bind("MA", {{"GREETING", "throw"}}).error().message, "internal error: oops");
  EXPECT_EQ(call("MA", "Greet", "you"), "hello you");
}

TEST_F(ProviderSdk, ActorsAnswerAndHealthIsTold) {
  ASSERT_TRUE(provider_.bind("MA", {{"GREETING", "hello"}}));
  host_.set_actor([](auto, std::string_view operation, ByteView payload) -> FakeHost::Reply {
    if (payload.empty()) return {TRELLIS_ERROR, to_bytes("nothing asked")};
    return {TRELLIS_OK, to_bytes(std::string(operation) + " of actor")};
  });
  EXPECT_EQ(call("MA", "Ask", "x"), "Name of actor");
  EXPECT_EQ(call("MA", "Ask", ""), "error: nothing asked");
  const auto health = provider_.call("system", "HealthRequest", {});
  ASSERT_TRUE(health);
  const auto decoded = codec::decode<codec::core::HealthResponse>(*health);
  ASSERT_TRUE(decoded);
  EXPECT_FALSE(decoded->healthy);
  EXPECT_EQ(decoded->message, "tired");
}

}  // namespace
}  // namespace trellis::test
