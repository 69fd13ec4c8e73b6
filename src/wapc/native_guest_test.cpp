// The ABI over native guests: no WebAssembly, the same rules.
#include "engine/null/null_engine.hpp"
#include "wapc/test_support.hpp"

namespace trellis::wapc {
namespace {

using namespace testing;
using engine::NativeGuest;
using engine::NativeHost;

enum Import : std::size_t { request, response, host_call };

/// Echoes; the operations `loop`, `trap` and `wild` misbehave.
class Echo final : public NativeGuest {
 public:
  std::uint32_t run(std::string_view name, std::span<const std::uint32_t> arguments,
                    NativeHost& host) override {
    if (name != "__guest_call") return 0;
    host.call(request, {0, 1024});
    const std::string operation(host.memory().begin(), host.memory().begin() + arguments[0]);
    while (operation == "loop") host.check();
    if (operation == "trap") host.trap("by its own wish");
    if (operation == "wild") host.call(response, {0xffffffff, 16});
    if (operation == "relay") {
      return host.call(host_call, {0, 1, 1, 1, 2, 1, 1024, arguments[1]});
    }
    host.call(response, {1024, arguments[1]});
    return 1;
  }
};

std::shared_ptr<EngineRuntime> null_runtime(std::size_t max_instances = 10) {
  using engine::ExportKind;
  engine::NativeModule echo{.name = "echo",
                            .imports = {{"wapc", "__guest_request", "ii:"},
                                        {"wapc", "__guest_response", "ii:"},
                                        {"wapc", "__host_call", "iiiiiiii:i"}},
                            .exports = {{"memory", ExportKind::memory, ""},
                                        {"__guest_call", ExportKind::function, "ii:i"}},
                            .make = [] { return std::make_unique<Echo>(); }};
  return engine::make_null_runtime({std::move(echo)}, max_instances);
}

class Native : public ::testing::Test {
 protected:
  Result<Bytes> call(std::string_view operation, milliseconds timeout = seconds(20)) {
    Result<Bytes> outcome;
    on_guest_thread([&] {
      guest_ = module_->instantiate(host_).value();
      outcome = guest_->call(operation, as_bytes("payload"), host_, in(timeout));
    });
    return outcome;
  }
  RecordingHost host_;
  std::shared_ptr<EngineRuntime> runtime_ = null_runtime();
  std::shared_ptr<const GuestModule> module_ =
      GuestModule::compile(*runtime_, as_bytes("echo")).value();
  std::unique_ptr<Guest> guest_;
};

TEST_F(Native, Answers) {
  EXPECT_EQ(as_text(call("echo").value()), "payload");
}

TEST_F(Native, AHostCallWithoutMemoryIsAnErrorOfThatCall) {
  host_.answer = [](auto, auto, auto, auto) -> Result<Bytes> { throw std::bad_alloc(); };
  EXPECT_EQ(call("relay").error().code, ErrorCode::guest_failed);
  EXPECT_TRUE(guest_->usable());
  on_guest_thread([&] {
    EXPECT_EQ(as_text(guest_->call("echo", as_bytes("payload"), host_, in(seconds(20))).value()),
              "payload");
  });
}

TEST_F(Native, TrapsLikeOthers) {
  EXPECT_EQ(call("trap").error().message, "Guest call failure: [trap] by its own wish");
  EXPECT_EQ(call("wild").error().message,
            "Guest call failure: [trap] out of bounds memory access in __guest_response");
  EXPECT_FALSE(guest_->usable());
}

TEST_F(Native, IsStoppedAtItsDeadline) {
  EXPECT_EQ(call("loop", milliseconds(30)).error().code, ErrorCode::deadline);
  EXPECT_FALSE(guest_->usable());
}

TEST_F(Native, CallsItsHost) {
  std::string seen;
  host_.answer = [&](std::string_view binding, auto, auto, ByteView payload) {
    seen = std::string(binding) + std::string(as_text(payload));
    return Result<Bytes>(Bytes());
  };
  static_cast<void>(call("relay"));
  EXPECT_EQ(seen, "rpayload");
}

TEST_F(Native, UnknownNamesAreRefused) {
  EXPECT_EQ(GuestModule::compile(*runtime_, as_bytes("other")).error().code, ErrorCode::malformed);
}

TEST_F(Native, InstancesAreCounted) {
  const auto small = null_runtime(2);
  const auto module = GuestModule::compile(*small, as_bytes("echo")).value();
  on_guest_thread([&] {
    auto first = module->instantiate(host_);
    auto second = module->instantiate(host_);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(module->instantiate(host_).error().code, ErrorCode::limit);
    first->reset();
    EXPECT_TRUE(module->instantiate(host_).has_value());
    EXPECT_EQ(small->instances(), 1U);
  });
}

}  // namespace
}  // namespace trellis::wapc
