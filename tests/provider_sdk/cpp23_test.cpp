// The SDK over the types of C++23, which is what built-in providers use.
#include <gtest/gtest.h>

#include <new>
#include <stdexcept>
#include <thread>

#include "base/text.hpp"
#include "support/provider_harness.hpp"
#include "trellis/provider.hpp"

namespace trellis::sdk23 {
namespace {

using test::FakeHost;
using test::ProviderInstance;

struct ProbeLink {
  int number = 0;
};

/// Does what the operation's name says.
class Probe final : public Provider<ProbeLink> {
 public:
  static constexpr Description description = {"test:probe", "Probe", "Tests", "1.0", 1, 0};
  explicit Probe(Host host) : Provider(host) {}

  Result<std::shared_ptr<ProbeLink>> bind(std::string_view, const StringMap& values,
                                          const std::shared_ptr<ProbeLink>& previous) override {
    if (values.contains("FAIL")) return fail(ErrorCode::unavailable, "cannot bind");
    if (values.contains("THROW")) throw std::runtime_error("bind threw");
    return std::make_shared<ProbeLink>(previous ? previous->number + 1 : 1);
  }
  void unbind(std::string_view actor, ProbeLink&) override {
    host().log(LogLevel::info, "unbind", actor);
  }
  Result<Bytes> handle(ProbeLink& link, const Call& call) override {
    if (call.operation == "Throw") throw std::runtime_error("oh");
    if (call.operation == "Memory") throw std::bad_alloc();
    if (call.operation == "Odd") throw 7;  // NOLINT: foreign code throws anything
    if (call.operation == "Dispatch") {
      auto reply = host().dispatch(call.id, call.actor, "Ping", call.payload);
      if (!reply) return pass(reply);
      return to_bytes(reply->bytes());
    }
    if (call.operation == "Thread") return run_thread();
    return codec::encode(static_cast<std::uint32_t>(link.number));
  }
  Health health() override { return {false, "probing"}; }

 private:
  Result<Bytes> run_thread() {
    std::atomic<int> ran{0};
    {
      auto thread = HostThread::start(host(), "probe", [&] {
        ran = 1;
        throw std::runtime_error("thread threw");
      });
      if (!thread) return pass(thread);
      if (!thread->wait_until(host().now() + std::chrono::seconds(10))) {
        return fail(ErrorCode::deadline, "thread did not end");
      }
    }
    return codec::encode(static_cast<std::uint32_t>(ran));
  }
};

class Throwing final : public Provider<ProbeLink> {
 public:
  static constexpr Description description = {"test:throwing", "Throwing", "Tests", "1.0", 1, 0};
  explicit Throwing(Host host) : Provider(host) { throw std::runtime_error("no start"); }
  Result<std::shared_ptr<ProbeLink>> bind(std::string_view, const StringMap&,
                                          const std::shared_ptr<ProbeLink>&) override {
    return nullptr;
  }
  Result<Bytes> handle(ProbeLink&, const Call&) override { return Bytes{}; }
};

class AdapterTest : public ::testing::Test {
 protected:
  std::uint32_t number() {
    const auto answer = probe_.call("MA", "Number", {});
    return answer ? codec::decode<std::uint32_t>(*answer).value() : 0;
  }
  std::string error(std::string_view operation) {
    const auto answer = probe_.call("MA", operation, {});
    return answer ? "" : answer.error().message;
  }

  FakeHost host_;
  ProviderInstance probe_{host_, *provider_table<Probe>()};
};

TEST_F(AdapterTest, TableSaysWhatTheDescriptionSays) {
  const trellis_provider_table& table = *provider_table<Probe>();
  EXPECT_EQ(table.struct_size, sizeof(trellis_provider_table));
  EXPECT_EQ(table.abi_version, TRELLIS_PROVIDER_ABI);
  EXPECT_STREQ(table.contract_id, "test:probe");
  EXPECT_EQ(provider_table<Probe>(), &table);
}

TEST_F(AdapterTest, CallsNeedALink) {
  EXPECT_EQ(error("Number"), "actor MA is not linked to this provider");
  ASSERT_TRUE(probe_.bind("MA"));
  EXPECT_EQ(number(), 1U);
  ASSERT_TRUE(probe_.remove("MA"));
  EXPECT_EQ(error("Number"), "actor MA is not linked to this provider");
  ASSERT_EQ(host_.logs().size(), 1U);
  EXPECT_EQ(host_.logs()[0].text, "MA");
}

TEST_F(AdapterTest, BindingAgainDoesSomethingOnlyForOtherValues) {
  ASSERT_TRUE(probe_.bind("MA", {{"A", "1"}}));
  ASSERT_TRUE(probe_.bind("MA", {{"A", "1"}}));
  EXPECT_EQ(number(), 1U);
  ASSERT_TRUE(probe_.bind("MA", {{"A", "2"}}));
  EXPECT_EQ(number(), 2U);
  EXPECT_EQ(probe_.bind("MA", {{"A", "3"}, {"FAIL", ""}}).error().message, "cannot bind");
  EXPECT_EQ(probe_.bind("MA", {{"THROW", ""}}).error().message, "internal error: bind threw");
  EXPECT_EQ(number(), 2U) << "a failed replacement leaves the old link";
}

TEST_F(AdapterTest, RemovingWhatIsNotThereSucceeds) {
  EXPECT_TRUE(probe_.remove("MX"));
}

TEST_F(AdapterTest, OnlyTheHostBindsAndRemoves) {
  const Bytes payload = codec::encode(codec::core::CapabilityConfiguration{"MA", {}});
  EXPECT_EQ(probe_.call("MA", "BindActor", payload).error().message, "bad dispatch");
  EXPECT_EQ(probe_.call("MA", "RemoveActor", payload).error().message, "bad dispatch");
}

TEST_F(AdapterTest, BadConfigurationsAreErrors) {
  EXPECT_EQ(probe_.call("system", "BindActor", {}).error().message,
            "Failed to de-serialize: ends after 0 bytes");
  EXPECT_FALSE(probe_.bind(""));
  EXPECT_FALSE(probe_.bind(std::string(1000, 'M')));
}

TEST_F(AdapterTest, HealthIsAnsweredWhateverThePayload) {
  EXPECT_EQ(to_hex_lower(probe_.call("system", "HealthRequest", {}).value()),
            "82a76865616c746879c2a76d657373616765a770726f62696e67");
}

TEST_F(AdapterTest, ExceptionsBecomeErrors) {
  ASSERT_TRUE(probe_.bind("MA"));
  EXPECT_EQ(error("Throw"), "internal error: oh");
  EXPECT_EQ(error("Memory"), "out of memory");
  EXPECT_EQ(error("Odd"), "internal error");
  EXPECT_EQ(host_.bad_completions(), 0);
}

TEST_F(AdapterTest, AFailedCreationSaysWhy) {
  EXPECT_THROW(ProviderInstance(host_, *provider_table<Throwing>()), std::runtime_error);
  ASSERT_EQ(host_.logs().size(), 1U);
  EXPECT_EQ(host_.logs()[0].text, "internal error: no start");
}

TEST_F(AdapterTest, AnOlderHostIsRefused) {
  trellis_host_v1 older = *host_.api();
  older.struct_size = offsetof(trellis_host_v1, now_ns);
  void* instance = nullptr;
  EXPECT_EQ(provider_table<Probe>()->create(&older, host_.context(), &instance), TRELLIS_ERROR);
  older = *host_.api();
  older.abi_version = 2;
  EXPECT_EQ(provider_table<Probe>()->create(&older, host_.context(), &instance), TRELLIS_ERROR);
  EXPECT_EQ(instance, nullptr);
}

TEST_F(AdapterTest, DispatchGivesItsBuffersBack) {
  ASSERT_TRUE(probe_.bind("MA"));
  EXPECT_EQ(error("Dispatch"), "no such actor");
  host_.set_actor([](std::string_view actor, std::string_view operation, ByteView) {
    return FakeHost::Reply{TRELLIS_OK, to_bytes(std::string(actor) + ":" + std::string(operation))};
  });
  EXPECT_EQ(as_text(probe_.call("MA", "Dispatch", {}).value()), "MA:Ping");
  EXPECT_EQ(host_.live_buffers(), 0);
}

TEST_F(AdapterTest, HostThreadsAreAwaitedAndTheirExceptionsLogged) {
  ASSERT_TRUE(probe_.bind("MA"));
  EXPECT_EQ(codec::decode<std::uint32_t>(probe_.call("MA", "Thread", {}).value()).value(), 1U);
  ASSERT_EQ(host_.logs().size(), 1U);
  EXPECT_EQ(host_.logs()[0].text, "thread threw");
}

TEST_F(AdapterTest, LinksChangeWhileCallsRun) {
  ASSERT_TRUE(probe_.bind("MA"));
  std::jthread caller([&] {
    for (int i = 0; i < 500; ++i) (void)probe_.call("MA", "Number", {});
  });
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(probe_.bind("MA", {{"A", std::to_string(i)}}));
    if (i % 10 == 0) {
      ASSERT_TRUE(probe_.remove("MA"));
    }
  }
  caller.join();
  EXPECT_EQ(host_.bad_completions(), 0);
}

}  // namespace
}  // namespace trellis::sdk23
