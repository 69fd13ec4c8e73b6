// Providers from real libraries in processes of their own, well-behaved and not.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "base/call_limits.hpp"
#include "provider/process/supervisor.hpp"
#include "support/scripted_provider.hpp"

namespace trellis::provider::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif
#else
constexpr bool sanitized = false;
#endif

class ProviderProcess : public ProviderTest {
 protected:
  static std::string path(const std::string& name) {
    return std::string(TRELLIS_BINARY_DIR) + "/lib/test-plugins/" + name + ".so";
  }
  static process::ProcessSettings settings(const std::string& name) {
    process::ProcessSettings made;
    made.command = {TRELLIS_RUN_PROVIDER, {path(name)}};
    made.first_pause = 10ms;
    made.start_timeout = ample;
    return made;
  }
  void load(const std::string& name, Options options = {}) {
    load(settings(name), std::move(options));
  }
  void load(process::ProcessSettings how, Options options = {}) {
    auto plugin = process::open_process(std::move(how), std::make_shared<SystemClock>());
    ASSERT_TRUE(plugin) << plugin.error().message;
    options.on_process_event = [this](ProcessEvent event, const std::string& why) {
      const std::scoped_lock lock(mutex_);
      events_.push_back(event);
      if (!why.empty()) ends_.push_back(why);
    };
    make(*plugin, std::move(options));
  }
  pid_t pid() { return static_cast<pid_t>(provider->process()->pid); }
  bool is_back(std::uint64_t restarts) {
    const auto now = provider->process();
    return now->pid != 0 && now->restarts == restarts;
  }
  std::vector<std::string> ends() {
    const std::scoped_lock lock(mutex_);
    return ends_;
  }
  std::vector<ProcessEvent> events() {
    const std::scoped_lock lock(mutex_);
    return events_;
  }
  bool logged(std::string_view part) {
    const auto lines = sink->lines();
    return std::any_of(lines.begin(), lines.end(),
                       [&](const auto& line) { return line.find(part) != std::string::npos; });
  }
  static bool exists(pid_t process) { return ::kill(process, 0) == 0; }

 private:
  std::mutex mutex_;
  std::vector<ProcessEvent> events_;
  std::vector<std::string> ends_;
};

TEST_F(ProviderProcess, SaysWhatItIs) {
  load("echo");
  const auto& about = provider->plugin().description();
  EXPECT_EQ(about.contract_id, "test:echo");
  EXPECT_EQ(about.name, "Test echo");
  EXPECT_EQ(about.vendor, "Trellis");
  EXPECT_EQ(about.version, "1.2.3");
  EXPECT_EQ(about.revision, 4);
  EXPECT_TRUE(provider->plugin().rebinds());
  EXPECT_GT(pid(), 0);
  EXPECT_NE(pid(), getpid());
}

TEST_F(ProviderProcess, AnswersSmallEmptyAndLarge) {
  load("echo");
  EXPECT_EQ(text_of("Echo", "hello"), "hello");
  EXPECT_EQ(text_of("Echo", ""), "");
  const std::string large(5 * limits::mib, 'x');
  EXPECT_EQ(text_of("Echo", large), large);
  EXPECT_EQ(provider->statistics().calls, 3U);
  EXPECT_EQ(provider->statistics().errors, 0U);
}

TEST_F(ProviderProcess, ManyCallsAtOnceGetTheirOwnAnswers) {
  for (const auto* name : {"echo", "naughty"}) {
    load(name);
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        for (int n = 0; n < 200; ++n) {
          const auto text = std::to_string(i) + "/" + std::to_string(n);
          ASSERT_EQ(text_of("Echo", text), text);
        }
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(provider->statistics().errors, 0U);
  }
}

TEST_F(ProviderProcess, DispatchesOnTheChainOfItsCall) {
  load("dispatcher");
  for (const auto* kind : {"Inside", "Own", "Async"}) {
    EXPECT_EQ(text_of(kind), "pong") << kind;
    const auto asked = dispatcher.asked().back();
    EXPECT_EQ(asked.actor, "MACTOR");
    EXPECT_EQ(asked.operation, "Ping");
    ASSERT_TRUE(asked.parent);
    EXPECT_TRUE(asked.parent->contains(3));
    EXPECT_TRUE(asked.parent->contains(own_id));
    EXPECT_EQ(asked.parent->depth, 2U);
  }
}

TEST_F(ProviderProcess, AnErrorOfTheActorReachesTheProvider) {
  dispatcher.answer = [](FakeDispatcher&) -> Result<Bytes> {
    return fail(ErrorCode::denied, "not for you");
  };
  load("dispatcher");
  EXPECT_EQ(text_of("Inside"), "denied: not for you");
}

TEST_F(ProviderProcess, TheChainsDepthIsTheHosts) {
  load("naughty");
  EXPECT_EQ(text_of("Depth"), "1");
  CallContext deep = context();
  while (deep.can_extend()) deep.chain[deep.depth++] = 99;
  EXPECT_EQ(call_as(deep, "Depth").value(), std::to_string(limits::chain_depth));
}

TEST_F(ProviderProcess, ACrashFailsItsCallsAndNothingElse) {
  load("naughty");
  const auto before = pid();
  EXPECT_TRUE(is_error(call("Crash"), ErrorCode::provider_failed, "ended before it answered"));
  eventually([&] { return is_back(1); });
  EXPECT_NE(pid(), before);
  EXPECT_EQ(text_of("Echo", "again"), "again");
  EXPECT_THAT(ends(), Contains(HasSubstr("signal 11")));
  EXPECT_THAT(provider->process()->last_end, HasSubstr("signal 11"));
  EXPECT_THAT(events(), ::testing::ElementsAre(ProcessEvent::ended, ProcessEvent::reopening,
                                               ProcessEvent::reopened));
  EXPECT_TRUE(logged("the process of provider test was ended by signal 11"));
}

TEST_F(ProviderProcess, EveryCallInFlightIsAnsweredWhenItDies) {
  load("naughty", {.stuck_threads = 100});
  std::vector<std::thread> threads;
  std::atomic<int> failed{0};
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      const auto answer = call("Hang");
      if (is_error(answer, ErrorCode::provider_failed, "ended before it answered")) ++failed;
    });
  }
  eventually([&] { return std::ranges::count(sink->lines(), "hangs") == 6; });
  ::kill(pid(), SIGKILL);
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failed, 6);
  eventually([&] { return is_back(1); });
}

TEST_F(ProviderProcess, AnExitIsNamed) {
  load("naughty");
  EXPECT_FALSE(call("Exit"));
  eventually([&] { return is_back(1); });
  EXPECT_THAT(ends(), Contains("ended with status 3"));
}

TEST_F(ProviderProcess, WhileItIsAwayCallsFailAtOnce) {
  auto how = settings("naughty");
  how.first_pause = how.longest_pause = 60s;
  load(how);
  EXPECT_FALSE(call("Crash"));
  eventually([&] { return pid() == 0; });
  EXPECT_TRUE(is_error(call("Echo"), ErrorCode::unavailable, "it is being started again"));
  EXPECT_TRUE(stop());  // does not wait for the pause
}

TEST_F(ProviderProcess, OneThatHangsIsEnded) {
  auto how = settings("naughty");
  how.hang_timeout = 100ms;
  load(how);
  EXPECT_TRUE(is_error(call("Hang", "", 50ms), ErrorCode::deadline, "did not answer Hang in time"));
  eventually([&] { return is_back(1); });
  EXPECT_THAT(ends(), Contains(HasSubstr("did not return from a call")));
  EXPECT_EQ(text_of("Echo", "again"), "again");
}

TEST_F(ProviderProcess, TooManyHangingCallsMakeItBusy) {
  load("naughty", {.stuck_threads = 2});
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(is_error(call("Hang", "", 20ms), ErrorCode::deadline));
  }
  EXPECT_TRUE(is_error(call("Echo"), ErrorCode::busy, "its calls hang"));
  EXPECT_EQ(provider->statistics().stuck_threads, 2U);
}

TEST_F(ProviderProcess, GarbageOnEitherStreamEndsIt) {
  load("naughty");
  std::uint64_t restarts = 0;
  for (const auto* kind : {"GarbageAnswer", "GarbageDispatch", "InventAnswer", "HangUp"}) {
    static_cast<void>(call(kind));
    ++restarts;
    eventually([&] { return is_back(restarts) || provider->process()->restarts > restarts; });
    ASSERT_EQ(provider->process()->restarts, restarts) << kind;
    EXPECT_EQ(text_of("Echo", kind), kind);
  }
}

TEST_F(ProviderProcess, ASecondAnswerIsIgnored) {
  load("naughty");
  EXPECT_EQ(text_of("Twice", "once"), "once");
  EXPECT_EQ(text_of("Echo", "still in step"), "still in step");
}

TEST_F(ProviderProcess, WrongAnswersAreRefusedAsTheyAreInProcess) {
  load("garbage");
  EXPECT_EQ(text_of("Twice"), "first");
  EXPECT_EQ(text_of("Thread"), "from a thread");
  EXPECT_EQ(text_of("Invented"), "real");
  EXPECT_TRUE(is_error(call("Status"), ErrorCode::provider_failed, "unknown status 99"));
  EXPECT_TRUE(is_error(call("NullData"), ErrorCode::provider_failed, "no data but a size"));
  EXPECT_TRUE(is_error(call("EmptyText"), ErrorCode::provider_failed, "without saying why"));
  EXPECT_TRUE(is_error(call("Large"), ErrorCode::provider_failed, "16777216 are allowed"));
  std::thread waiting([&] { EXPECT_TRUE(is_error(call("Keep", "", 2s), ErrorCode::deadline)); });
  eventually([&] { return provider->statistics().calls == 8; });
  EXPECT_TRUE(call("Twice", "", 1500ms));  // one without an answer keeps nobody waiting
  waiting.join();
  EXPECT_EQ(text_of("AnswerKept"), "fresh");
  EXPECT_EQ(provider->process()->restarts, 0U);
}

TEST_F(ProviderProcess, ALeakEndsItAndNotUs) {
  if (sanitized) GTEST_SKIP() << "sanitizers reserve more memory than the limit allows";
  auto how = settings("naughty");
  how.command.arguments.push_back(std::to_string(64 * limits::mib));
  load(how);
  EXPECT_FALSE(call("Leak"));
  eventually([&] { return is_back(1); });
  EXPECT_EQ(text_of("Echo", "again"), "again");
}

TEST_F(ProviderProcess, AFloodOfLogLinesIsCut) {
  load("naughty");
  EXPECT_EQ(text_of("Flood", "done"), "done");
  eventually([&] { return logged("a line of a flood"); });
  EXPECT_EQ(text_of("Echo", "x"), "x");
  EXPECT_LT(sink->lines().size(), 2000U);
}

TEST_F(ProviderProcess, WhatItPrintsIsLogged) {
  load("naughty");
  EXPECT_EQ(text_of("Print", "done"), "done");
  eventually([&] { return logged("printed on standard output"); });
  eventually([&] { return logged("printed on standard error"); });
}

TEST_F(ProviderProcess, SeesNoneOfOurSecrets) {
  ::setenv("TRELLIS_TEST_SECRET", "hush", 1);
  load("naughty");
  EXPECT_EQ(text_of("Environment"), "(unset)");
  ::unsetenv("TRELLIS_TEST_SECRET");
}

TEST_F(ProviderProcess, LeavesNothingBehindWhenItStops) {
  load("echo");
  const auto process = pid();
  EXPECT_TRUE(exists(process));
  EXPECT_TRUE(stop());
  EXPECT_FALSE(exists(process));
  EXPECT_TRUE(is_error(call("Echo"), ErrorCode::cancelled));
}

TEST_F(ProviderProcess, OneThatDoesNotStopIsKilled) {
  load("hang");
  static_cast<void>(call("Hang", "", 20ms));
  const auto process = pid();
  EXPECT_TRUE(stop(500ms));
  EXPECT_FALSE(exists(process));
}

TEST_F(ProviderProcess, AFileThatIsNoProviderIsRefusedWithItsReason) {
  const auto refused = [&](const std::string& name) {
    const auto plugin = process::open_process(settings(name), std::make_shared<SystemClock>());
    return plugin ? std::string("accepted") : plugin.error().message;
  };
  EXPECT_THAT(refused("no_entry"), HasSubstr("does not export trellis_provider_v1"));
  EXPECT_THAT(refused("wrong_abi"), HasSubstr("ABI version"));
  EXPECT_THAT(refused("not-there"), HasSubstr("does not exist"));
  process::ProcessSettings nowhere = settings("echo");
  nowhere.command.program = "/nonexistent/program";
  const auto plugin = process::open_process(nowhere, std::make_shared<SystemClock>());
  EXPECT_TRUE(is_error(plugin, ErrorCode::unavailable, "cannot be started"));
}

TEST_F(ProviderProcess, AFailedCreateSaysWhy) {
  auto plugin = process::open_process(settings("create_fails"), std::make_shared<SystemClock>());
  ASSERT_TRUE(plugin) << plugin.error().message;
  EXPECT_TRUE(is_error(try_make(*plugin), ErrorCode::provider_failed, "could not be created"));
}

TEST_F(ProviderProcess, TwoInstancesAreTwoProcesses) {
  load("naughty");
  auto plugin = process::open_process(settings("naughty"), std::make_shared<SystemClock>());
  ASSERT_TRUE(plugin);
  auto second = try_make(*plugin, {.label = "second"});
  ASSERT_TRUE(second);
  auto third = try_make(*plugin, {.label = "third"});
  ASSERT_TRUE(third);
  EXPECT_NE((*second)->process()->pid, (*third)->process()->pid);
  EXPECT_FALSE(call("Crash"));
  EXPECT_EQ(as_text(*(*second)->call(context(), "MA", "Echo", as_bytes("fine"))), "fine");
  EXPECT_TRUE((*second)->stop(in(ample)));
  EXPECT_TRUE((*third)->stop(in(ample)));
}

}  // namespace
}  // namespace trellis::provider::testing
