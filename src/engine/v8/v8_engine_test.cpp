// The seam over V8 itself; what guests may do to it is tested through the guest ABI (src/wapc).
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <new>
#include <string>
#include <thread>

#include "engine/engine.hpp"
#include "engine/runtime.hpp"
#include "threads/guest_thread.hpp"

namespace trellis::engine {
namespace {

using std::chrono::seconds;

EngineRuntime& runtime() {
  static const auto made = EngineRuntime::start().value();
  return *made;
}

struct Seen {
  std::array<std::uint64_t, 3> arguments{};
  std::uint32_t answer = 0;
};

void wide(HostCall& call) noexcept {
  auto& seen = *static_cast<Seen*>(call.context());
  seen.arguments = {call.u64(0), call.u64(1), call.u64(2)};
  call.result(seen.answer);
}

void throwing(HostCall&) {
  throw std::bad_alloc();
}

constexpr HostFunction throwing_function{"wide", "IiI:i", throwing};
constexpr HostFunction wide_function{"wide", "IiI:i", wide};
constexpr HostFunction narrow_function{"wide", "i:i", wide};
enum Slot : std::size_t { go, count, nothing, loop, absent };
constexpr std::array<std::string_view, 5> slots{"go", "count", "nothing", "loop", "absent"};

class V8Engine : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file(TRELLIS_BINARY_DIR "/guests/wide.wasm", std::ios::binary);
    const Bytes bytes{std::istreambuf_iterator<char>(file), {}};
    module_ =
        RuntimeAccess::parts(runtime())
            ->engine
            ->compile(bytes, {.memory_pages = 10, .table_elements = 10, .module_bytes = 10'000})
            .value();
  }
  Result<std::unique_ptr<Instance>> instantiate(const HostFunction& function = wide_function) {
    const std::array imports{&function};
    return module_->instantiate(
        {.imports = imports, .functions = slots, .context = &seen_, .deadline = soon()});
  }
  static SteadyTime soon() { return std::chrono::steady_clock::now() + seconds(30); }
  static void on_guest_thread(std::function<void()> body) {
    ASSERT_TRUE(GuestThread::start("test", std::move(body)).has_value());
  }

  Seen seen_;
  std::shared_ptr<const Module> module_;
};

TEST_F(V8Engine, PassesIntegersOfBothSizes) {
  on_guest_thread([&] {
    auto instance = instantiate().value();
    for (const std::uint32_t value : {0U, 7U, 0x7fffffffU, 0x80000000U, 0xffffffffU}) {
      seen_.answer = ~value;
      const auto ended = instance->call(go, std::array{value}, soon());
      EXPECT_EQ(ended.end, CallEnd::returned);
      EXPECT_EQ(ended.value, ~value);
      EXPECT_EQ(seen_.arguments, (std::array<std::uint64_t, 3>{0x8000000000000001U, value,
                                                               static_cast<std::uint64_t>(-2)}));
    }
    EXPECT_EQ(instance->call(count, {}, soon()).value, 5U) << "memory lives on between calls";
    EXPECT_EQ(instance->call(nothing, {}, soon()).end, CallEnd::returned);
  });
}

TEST_F(V8Engine, FunctionsTheModuleLacksAreRefused) {
  on_guest_thread(
      [&] { EXPECT_EQ(instantiate().value()->call(absent, {}, soon()).end, CallEnd::refused); });
}

TEST_F(V8Engine, ImportsMustFit) {
  on_guest_thread([&] {
    EXPECT_EQ(instantiate(narrow_function).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(module_
                  ->instantiate(
                      {.imports = {}, .functions = slots, .context = &seen_, .deadline = soon()})
                  .error()
                  .code,
              ErrorCode::invalid_argument);
  });
}

TEST_F(V8Engine, AnImportWithoutMemoryEndsItsCallAndNothingElse) {
  on_guest_thread([&] {
    auto instance = instantiate(throwing_function).value();
    for (int i = 0; i < 2; ++i) {
      const auto ended = instance->call(go, std::array{1U}, soon());
      EXPECT_EQ(ended.end, CallEnd::exhausted) << "the second call is not refused as under way";
      EXPECT_EQ(ended.text, "out of memory");
    }
    EXPECT_EQ(instance->call(nothing, {}, soon()).end, CallEnd::returned);
  });
}

TEST_F(V8Engine, InterruptingAnIdleInstanceIsHarmless) {
  on_guest_thread([&] {
    auto instance = instantiate().value();
    for (int i = 0; i < 3; ++i) {
      instance->interrupt();
      EXPECT_EQ(instance->call(go, std::array{1U}, soon()).end, CallEnd::returned);
    }
  });
}

TEST_F(V8Engine, OwnersMayInterruptFromAnotherThread) {
  std::atomic<Instance*> running = nullptr;
  std::atomic<bool> ended = false;
  std::thread owner([&] {
    while (running == nullptr) std::this_thread::yield();
    // It may not have entered yet, where an interrupt is lost: hence again and again.
    while (!ended) {
      running.load()->interrupt();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  on_guest_thread([&] {
    auto instance = instantiate().value();
    running = instance.get();
    EXPECT_EQ(instance->call(loop, {}, soon()).end, CallEnd::interrupted);
    ended = true;
    owner.join();
  });
}

}  // namespace
}  // namespace trellis::engine
