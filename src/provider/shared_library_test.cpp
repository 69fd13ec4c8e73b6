// Whole providers from real shared libraries (tests/plugins).
#include <dlfcn.h>

#include <thread>

#include "support/scripted_provider.hpp"

namespace trellis::provider::testing {
namespace {

class SharedLibrary : public ProviderTest {
 protected:
  static std::string path(const std::string& name) {
    return std::string(TRELLIS_BINARY_DIR) + "/lib/test-plugins/" + name + ".so";
  }
  void load(const std::string& name, Options options = {}) {
    auto plugin = open_plugin(path(name));
    ASSERT_TRUE(plugin) << plugin.error().message;
    make(*plugin, std::move(options));
    library_ = dlopen(path(name).c_str(), RTLD_NOW | RTLD_NOLOAD);
    ASSERT_NE(library_, nullptr);
  }
  /// A function the plugin exports for its test.
  template <class Function>
  Function* exported(const char* name) {
    return reinterpret_cast<Function*>(dlsym(library_, name));
  }
  void TearDown() override {
    ProviderTest::TearDown();
    if (library_ != nullptr) dlclose(library_);
  }

 private:
  void* library_ = nullptr;
};

TEST_F(SharedLibrary, Echo) {
  load("echo");
  EXPECT_EQ(text_of("Echo", "hello"), "hello");
}

TEST_F(SharedLibrary, SlowAnswersInOrder) {
  load("slow");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back(
        [&, i] { EXPECT_EQ(text_of("Get", std::to_string(i)), std::to_string(i)); });
  }
  for (auto& thread : threads) thread.join();
}

TEST_F(SharedLibrary, TwoInstancesOfOneLibrary) {
  load("slow");
  auto plugin = open_plugin(path("slow"));
  ASSERT_TRUE(plugin);
  auto second = try_make(*plugin);
  ASSERT_TRUE(second);
  EXPECT_TRUE((*second)->stop(in(ample)));
}

TEST_F(SharedLibrary, GarbageIsCountedAndHarmsNobody) {
  load("garbage");
  EXPECT_EQ(text_of("Twice"), "first");
  EXPECT_EQ(provider->statistics().double_completions, 1U);
  EXPECT_EQ(text_of("Thread"), "from a thread");
  EXPECT_EQ(provider->statistics().double_completions, 2U);
  EXPECT_EQ(text_of("Invented"), "real");
  EXPECT_EQ(provider->statistics().double_completions, 5U);
  EXPECT_EQ(text_of("NoContext"), "survived");
}

TEST_F(SharedLibrary, BadAnswersBecomeErrors) {
  load("garbage");
  EXPECT_TRUE(is_error(call("Status"), ErrorCode::provider_failed, "unknown status 99"));
  EXPECT_TRUE(is_error(call("NullData"), ErrorCode::provider_failed, "no data but a size"));
  EXPECT_TRUE(is_error(call("Large"), ErrorCode::provider_failed, "17825792 bytes"));
  EXPECT_TRUE(is_error(call("EmptyText"), ErrorCode::provider_failed, "without saying why"));
  const auto text = call("Text");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().message, "bad \xef\xbf\xbd\xef\xbf\xbd");
}

TEST_F(SharedLibrary, AStaleAnswerNeverReachesAnotherCall) {
  load("garbage");
  EXPECT_TRUE(is_error(call("Keep", "", 10ms), ErrorCode::deadline));
  EXPECT_EQ(text_of("AnswerKept"), "fresh");
  EXPECT_EQ(provider->statistics().late_completions, 1U);
  EXPECT_EQ(text_of("AnswerKept"), "fresh");
  EXPECT_EQ(provider->statistics().double_completions, 1U);
}

TEST_F(SharedLibrary, ExceptionsFailTheirCallOnly) {
  load("throws");
  EXPECT_TRUE(is_error(call("Text"), ErrorCode::provider_failed, "exception: out of cheese"));
  EXPECT_TRUE(is_error(call("Number"), ErrorCode::provider_failed, "threw an exception"));
  EXPECT_TRUE(stop()) << "what stop and destroy throw is caught as well";
}

TEST_F(SharedLibrary, AFailedCreateSaysWhy) {
  auto plugin = open_plugin(path("create_fails"));
  ASSERT_TRUE(plugin);
  EXPECT_TRUE(is_error(try_make(*plugin), ErrorCode::provider_failed, "the licence has run out"));
}

TEST_F(SharedLibrary, DispatchesFromEverywhere) {
  load("dispatcher");
  for (const auto* operation : {"Inside", "Own", "Async"}) {
    EXPECT_EQ(text_of(operation), "pong") << operation;
  }
  const auto asked = dispatcher.asked();
  ASSERT_EQ(asked.size(), 3U);
  for (const auto& call : asked) {
    EXPECT_EQ(call.actor, "MACTOR");
    EXPECT_EQ(call.operation, "Ping");
    ASSERT_TRUE(call.parent);
    EXPECT_TRUE(call.parent->contains(own_id));
  }
  dispatcher.answer = [](FakeDispatcher&) -> Result<Bytes> {
    return fail(ErrorCode::denied, "not you");
  };
  EXPECT_TRUE(is_error(call("Own"), ErrorCode::denied, "not you"));
}

TEST_F(SharedLibrary, AHangingCallDoesNotOutliveItsRelease) {
  load("hang");
  while (exported<int()>("test_inside")() == 0) {
    EXPECT_TRUE(is_error(call("Hang", "", 10ms), ErrorCode::deadline));
  }
  EXPECT_EQ(provider->statistics().stuck_threads, 1U);
  EXPECT_EQ(text_of("Quick", "still fine"), "still fine");
  exported<void()>("test_release")();
  eventually([&] { return provider->statistics().stuck_threads == 0; });
  EXPECT_EQ(provider->statistics().late_completions, 1U);
}

TEST_F(SharedLibrary, AProviderThatIgnoresStopIsAbandonedAndMayGoOn) {
  load("ignores_stop");
  const auto used = exported<int()>("test_used");
  eventually([&] { return used() > 0; });
  EXPECT_FALSE(stop(50ms));
  EXPECT_TRUE(is_error(call("Echo"), ErrorCode::cancelled, "stopping"));
  provider.reset();
  const auto asked = dispatcher.asked().size();
  const auto before = used();
  eventually([&] { return used() > before + 5; });
  EXPECT_EQ(dispatcher.asked().size(), asked) << "nothing reaches the host's side any more";
  exported<void()>("test_end")();
}

}  // namespace
}  // namespace trellis::provider::testing
