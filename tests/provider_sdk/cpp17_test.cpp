// The SDK over the types of C++17 (include/trellis/provider.hpp) keeps the rules of
// contracts.md 2.3, 2.4 and 3.11, and offers all that the ABI has.
#include <gtest/gtest.h>

#include <stdexcept>

#include "support/provider_harness.hpp"
#include "trellis/provider.hpp"

namespace trellis::test {
namespace {

struct Link {
  std::string greeting;
};

class Greeter : public sdk::Provider<Link> {
 public:
  static constexpr Description description = {"example:greeting", "Greeter", "t", "1"};
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
    if (call.operation == "Ask") return ask(call);
    if (call.operation == "AskLater") return ask_later(call);
    if (call.operation == "Memory") return memory();
    if (call.operation == "Time") return Bytes(call.deadline > host().now() ? "left" : "over");
    if (call.operation == "Thread") return thread();
    return link.greeting + " " + std::string(call.payload);
  }
  Health health() override { return {false, "tired"}; }

  static inline int binds;
  static inline bool replaced;
  static inline std::string unbound;

 private:
  Result<Bytes> ask(const Call& call) {
    const auto reply = host().dispatch(call.id, call.actor, "Name", call.payload);
    if (!reply) {
      host().log(TRELLIS_LOG_WARN, std::to_string(reply.error().status));
      return reply.error();
    }
    return Bytes(reply->bytes());
  }
  Result<Bytes> ask_later(const Call& call) {
    host().dispatch_async(TRELLIS_NO_CALL, call.actor, "Name", call.payload, {},
                          [host = host()](Result<View> answer) {
                            host.log(TRELLIS_LOG_INFO, "later",
                                     answer ? std::string(*answer) : answer.error().text);
                            throw std::runtime_error("not caught");
                          });
    return Bytes("asked");
  }
  Result<Bytes> memory() {
    if (!host().reserve_memory(1000)) return Error{"busy"};
    host().release_memory(400);
    return Bytes("kept");
  }
  Result<Bytes> thread() {
    std::string ran = "not run";
    {
      const auto started = sdk::HostThread::start(host(), "greeter", [&] { ran = "ran"; });
      if (!started) return started.error();
    }
    return ran;
  }
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
  ProviderInstance provider_{host_, *sdk::provider_table<Greeter>()};
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

TEST_F(ProviderSdk, TheStatusOfADispatchIsTold) {
  ASSERT_TRUE(provider_.bind("MA", {{"GREETING", "hello"}}));
  host_.set_actor([](auto, auto, ByteView) -> FakeHost::Reply {
    return {TRELLIS_DENIED, to_bytes("not you")};
  });
  EXPECT_EQ(call("MA", "Ask", ""), "error: not you");
  ASSERT_EQ(host_.logs().size(), 1U);
  EXPECT_EQ(host_.logs()[0].text, std::to_string(TRELLIS_DENIED));
}

TEST_F(ProviderSdk, AnAsynchronousDispatchEndsOnceAndMayThrow) {
  ASSERT_TRUE(provider_.bind("MA", {{"GREETING", "hello"}}));
  host_.set_actor([](auto, auto, ByteView payload) -> FakeHost::Reply {
    if (payload.empty()) return {TRELLIS_ERROR, to_bytes("nothing asked")};
    return {TRELLIS_OK, to_bytes("an answer")};
  });
  EXPECT_EQ(call("MA", "AskLater", "x"), "asked");
  host_.join_threads();
  EXPECT_EQ(call("MA", "AskLater", ""), "asked");
  host_.join_threads();
  const auto lines = host_.logs();
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0].target, "later");
  EXPECT_EQ(lines[0].text, "an answer");
  EXPECT_EQ(lines[1].text, "internal error: not caught");
  EXPECT_EQ(lines[2].text, "nothing asked");
}

TEST_F(ProviderSdk, MemoryIsCountedByTheHost) {
  ASSERT_TRUE(provider_.bind("MA", {{"GREETING", "hello"}}));
  EXPECT_EQ(call("MA", "Memory", ""), "kept");
  EXPECT_EQ(host_.reserved_memory(), 600U);
  host_.set_most_memory(1000);
  EXPECT_EQ(call("MA", "Memory", ""), "error: busy");
}

TEST_F(ProviderSdk, DeadlinesAreTimes) {
  ASSERT_TRUE(provider_.bind("MA", {{"GREETING", "hello"}}));
  EXPECT_EQ(call("MA", "Time", ""), "left");
  EXPECT_EQ(as_text(*provider_.call("MA", "Time", {}, std::chrono::seconds(-1))), "over");
}

TEST_F(ProviderSdk, ThreadsAreTheHosts) {
  ASSERT_TRUE(provider_.bind("MA", {{"GREETING", "hello"}}));
  EXPECT_EQ(call("MA", "Thread", ""), "ran");
  host_.set_most_threads(0);
  EXPECT_EQ(call("MA", "Thread", ""), "error: the host has no thread for the provider");
}

}  // namespace
}  // namespace trellis::test
