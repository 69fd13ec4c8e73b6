#include <atomic>
#include <cstring>
#include <thread>

#include "base/limits.hpp"
#include "support/scripted_provider.hpp"
#include "threads/blocking.hpp"
#include "threads/guest_thread.hpp"

namespace trellis::provider::testing {
namespace {

using Answer = std::pair<trellis_status, std::string>;

/// Runs `body` as the plugin, inside handle_call.
class DispatchTest : public ProviderTest {
 protected:
  void inside(const std::function<void(Script&, trellis_call)>& body, const CallContext& caller) {
    script.on_call = [body](Script& self, trellis_call call, const trellis_call_info&) {
      body(self, call);
      self.complete(call, "");
    };
    if (!provider) start(TRELLIS_PROVIDER_CONCURRENT);
    EXPECT_TRUE(call_as(caller, "Run"));
  }
};

TEST_F(DispatchTest, InheritsChainAndDeadlineInsideHandleCall) {
  const auto caller = context(ample, 99);
  inside(
      [](Script& self, trellis_call call) {
        EXPECT_EQ(self.dispatch(call, "MX", "Ping", "data"), Answer(TRELLIS_OK, "pong"));
      },
      caller);
  ASSERT_EQ(dispatcher.asked().size(), 1U);
  const auto asked = dispatcher.asked()[0];
  EXPECT_EQ(asked.actor, "MX");
  EXPECT_EQ(asked.operation, "Ping");
  EXPECT_EQ(asked.payload, "data");
  ASSERT_TRUE(asked.parent);
  EXPECT_EQ(asked.parent->chain_id, 99U);
  ASSERT_EQ(asked.parent->depth, 2U);
  EXPECT_EQ(asked.parent->chain[0], 3U);
  EXPECT_EQ(asked.parent->chain[1], own_id);
  EXPECT_LE(asked.deadline, caller.deadline);
  EXPECT_EQ(asked.parent->deadline, asked.deadline);
}

TEST_F(DispatchTest, TheTimeoutShortensTheDeadlineAndNeverExtendsIt) {
  const auto caller = context(5s);
  const auto before = std::chrono::steady_clock::now();
  inside(
      [](Script& self, trellis_call call) {
        (void)self.dispatch(call, "MX", "Ping", "", 1000000);
        (void)self.dispatch(call, "MX", "Ping", "", INT64_MAX);
      },
      caller);
  const auto asked = dispatcher.asked();
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_GE(asked[0].deadline, before + 1ms);
  EXPECT_LT(asked[0].deadline, caller.deadline);
  EXPECT_EQ(asked[1].deadline, caller.deadline);
}

TEST_F(DispatchTest, AnotherThreadGetsANewChainWithTheSameEntities) {
  const auto caller = context(5s, 99);
  inside(
      [](Script& self, trellis_call call) {
        std::thread([&] { (void)self.dispatch(call, "MX", "Ping", ""); }).join();
      },
      caller);
  const auto asked = dispatcher.asked();
  ASSERT_EQ(asked.size(), 1U);
  ASSERT_TRUE(asked[0].parent);
  EXPECT_EQ(asked[0].parent->chain_id, 0U);
  EXPECT_TRUE(asked[0].parent->contains(3));
  EXPECT_TRUE(asked[0].parent->contains(own_id));
  EXPECT_EQ(asked[0].deadline, caller.deadline);
}

TEST_F(DispatchTest, WithoutParentThereIsNoContextAndTheDefaultTimeout) {
  start(inline_flags, {.dispatch_timeout = 1h});
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(script.dispatch(TRELLIS_NO_CALL, "MX", "Ping", ""), Answer(TRELLIS_OK, "pong"));
  const auto asked = dispatcher.asked();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_FALSE(asked[0].parent);
  EXPECT_GE(asked[0].deadline, before + 1h);
}

TEST_F(DispatchTest, AFullChainIsRefused) {
  auto caller = context();
  while (caller.can_extend()) caller = caller.extended(50 + caller.depth);
  inside(
      [](Script& self, trellis_call call) {
        EXPECT_EQ(self.dispatch(call, "MX", "Ping", ""),
                  Answer(TRELLIS_ERROR, "call chain too deep"));
      },
      caller);
  EXPECT_TRUE(dispatcher.asked().empty());
}

TEST_F(DispatchTest, AnEndedParentIsRefused) {
  std::atomic<trellis_call> ended{0};
  Signal asked;
  inside(
      [&](Script& self, trellis_call call) {
        ended = call;
        self.complete(call, "");
        EXPECT_EQ(self.dispatch(call, "MX", "Ping", "").first, TRELLIS_ERROR);
        asked.set();
      },
      context());
  asked.wait();
  EXPECT_EQ(script.dispatch(ended, "MX", "Ping", "").first, TRELLIS_ERROR);
  EXPECT_EQ(script.dispatch(~TRELLIS_NO_CALL, "MX", "Ping", "").first, TRELLIS_ERROR);
  EXPECT_TRUE(dispatcher.asked().empty());
}

TEST_F(DispatchTest, AParentWhoseCallerGaveUpIsPastItsDeadline) {
  std::atomic<trellis_call> kept{0};
  script.on_call = [&](Script&, trellis_call call, const trellis_call_info&) { kept = call; };
  start(inline_flags);
  EXPECT_TRUE(is_error(call("Never", "", 5ms), ErrorCode::deadline));
  EXPECT_EQ(script.dispatch(kept, "MX", "Ping", "").first, TRELLIS_DEADLINE);
  EXPECT_EQ(script.host->cancelled(script.ctx, kept), 1);
}

TEST_F(DispatchTest, ErrorsHaveStatusesAndCleanTexts) {
  start(inline_flags);
  const std::pair<ErrorCode, trellis_status> pairs[] = {
      {ErrorCode::busy, TRELLIS_BUSY},          {ErrorCode::deadline, TRELLIS_DEADLINE},
      {ErrorCode::denied, TRELLIS_DENIED},      {ErrorCode::cancelled, TRELLIS_STOPPING},
      {ErrorCode::guest_failed, TRELLIS_ERROR}, {ErrorCode::not_found, TRELLIS_ERROR},
  };
  for (const auto& pair : pairs) {
    dispatcher.answer = [&](FakeDispatcher&) -> Result<Bytes> {
      return fail(pair.first, "bad \xff text");
    };
    EXPECT_EQ(script.dispatch(TRELLIS_NO_CALL, "MX", "Ping", ""),
              Answer(pair.second, "bad \xef\xbf\xbd text"));
  }
}

TEST_F(DispatchTest, StatusesOfAnswersBecomeErrorCodes) {
  auto status = TRELLIS_OK;
  script.on_call = [&](Script& self, trellis_call call, const trellis_call_info&) {
    self.complete(call, "because", status);
  };
  start(inline_flags);
  const std::pair<trellis_status, ErrorCode> pairs[] = {
      {TRELLIS_ERROR, ErrorCode::provider_failed}, {TRELLIS_BUSY, ErrorCode::busy},
      {TRELLIS_DEADLINE, ErrorCode::deadline},     {TRELLIS_DENIED, ErrorCode::denied},
      {TRELLIS_STOPPING, ErrorCode::cancelled},
  };
  for (const auto& [given, code] : pairs) {
    status = given;
    EXPECT_TRUE(is_error(call("Get"), code, "because"));
  }
}

TEST_F(DispatchTest, BadArgumentsAreRefusedWithAText) {
  start(inline_flags);
  const auto refused = [&](trellis_view actor, trellis_view operation, trellis_view payload,
                           std::int64_t timeout, std::string_view part) {
    trellis_buffer out{};
    EXPECT_EQ(script.host->dispatch(script.ctx, 0, actor, operation, payload, timeout, &out),
              TRELLIS_ERROR);
    const auto message = text({out.data, out.size});
    EXPECT_NE(message.find(part), std::string::npos) << message;
    script.host->free_buffer(script.ctx, &out);
    EXPECT_EQ(out.data, nullptr);
    script.host->free_buffer(script.ctx, &out);
  };
  const std::string longest(300, 'x');
  const std::string huge(limits::payload_bytes + 1, 'x');
  const trellis_view none{nullptr, 4};
  refused(none, view("op"), view(""), 0, "actor");
  refused(view(""), view("op"), view(""), 0, "actor of the dispatch is empty");
  refused(view("\xff"), view("op"), view(""), 0, "not UTF-8");
  refused(view("MX"), view(longest), view(""), 0, "operation of the dispatch has 300 bytes");
  refused(view("MX"), view("op"), none, 0, "no data");
  refused(view("MX"), view("op"), view(huge), 0, "are allowed");
  refused(view("MX"), view("op"), view(""), -1, "negative");
  EXPECT_TRUE(dispatcher.asked().empty());
}

struct Ended {
  std::mutex mutex;
  std::vector<Answer> answers;
  static void done(void* user, trellis_status status, trellis_view bytes) {
    auto& self = *static_cast<Ended*>(user);
    const std::scoped_lock lock(self.mutex);
    self.answers.emplace_back(status, text(bytes));
  }
  std::size_t count() {
    const std::scoped_lock lock(mutex);
    return answers.size();
  }
};

TEST_F(DispatchTest, AsynchronousDispatchEndsOnce) {
  start(inline_flags);
  Ended ended;
  script.host->dispatch_async(script.ctx, 0, view("MX"), view("Ping"), view("data"), 0, Ended::done,
                              &ended);
  script.host->dispatch_async(script.ctx, 0, view("MX"), view("Ping"), view("data"), 0, nullptr,
                              nullptr);
  eventually([&] { return ended.count() == 1; });
  EXPECT_EQ(ended.answers[0], Answer(TRELLIS_OK, "pong"));
  EXPECT_EQ(dispatcher.asked()[0].payload, "data");
  script.host->dispatch_async(script.ctx, 0, view(""), view("Ping"), view(""), 0, Ended::done,
                              &ended);
  ASSERT_EQ(ended.count(), 2U);
  EXPECT_EQ(ended.answers[1].first, TRELLIS_ERROR);
}

TEST_F(DispatchTest, StopEndsAsynchronousDispatchesAndIgnoresTheirRealEnd) {
  start(inline_flags);
  Signal release;
  dispatcher.answer = [&](FakeDispatcher&) {
    release.wait();
    return Result<Bytes>(to_bytes(std::string_view("too late")));
  };
  Ended ended;
  script.host->dispatch_async(script.ctx, 0, view("MX"), view("Ping"), view(""), 0, Ended::done,
                              &ended);
  EXPECT_TRUE(stop());
  ASSERT_EQ(ended.count(), 1U);
  EXPECT_EQ(ended.answers[0].first, TRELLIS_STOPPING);
  provider.reset();
  release.set();
  dispatcher.join();
  EXPECT_EQ(ended.count(), 1U);
}

TEST_F(DispatchTest, TooManyAsynchronousDispatchesAreBusy) {
  start(inline_flags);
  dispatcher.keep_ends = true;
  Ended ended;
  for (std::size_t i = 0; i <= limits::provider_async_dispatches; ++i) {
    script.host->dispatch_async(script.ctx, 0, view("MX"), view("Ping"), view(""), 0, Ended::done,
                                &ended);
  }
  ASSERT_EQ(ended.count(), 1U);
  EXPECT_EQ(ended.answers[0].first, TRELLIS_BUSY);
  EXPECT_TRUE(stop());
  EXPECT_EQ(ended.count(), limits::provider_async_dispatches + 1);
}

TEST_F(DispatchTest, SpawnedThreadsRunWithTheirHooks) {
  struct Seen {
    std::atomic<int> before{0};
    std::atomic<int> after{0};
    std::atomic<bool> allowed{false};
    std::atomic<bool> guest_thread{false};
    std::atomic<bool> ran{false};
  } seen;
  trellis_thread_hooks hooks{};
  hooks.struct_size = sizeof hooks;
  hooks.before_block = [](void* user) -> std::int32_t {
    ++static_cast<Seen*>(user)->before;
    return 0;
  };
  hooks.after_block = [](void* user) { ++static_cast<Seen*>(user)->after; };
  hooks.user = &seen;
  start(inline_flags);
  const auto body = [](void* arg) {
    auto& mine = *static_cast<Seen*>(arg);
    {
      const BlockingScope scope;
      mine.allowed = scope.allowed();
    }
    mine.guest_thread = guest_stack().has_value();
    mine.ran = true;
  };
  EXPECT_EQ(script.host->spawn_thread(script.ctx, view("worker"), body, &seen, &hooks), TRELLIS_OK);
  hooks = {};  // copied
  eventually([&] { return seen.ran.load(); });
  EXPECT_TRUE(stop());
  EXPECT_TRUE(seen.allowed);
  EXPECT_TRUE(seen.guest_thread);
  EXPECT_EQ(seen.before, 1);
  EXPECT_EQ(seen.after, 1);
}

TEST_F(DispatchTest, SpawnedThreadsAreBoundedAndChecked) {
  start(inline_flags);
  Signal release;
  const auto body = [](void* arg) { static_cast<Signal*>(arg)->wait(); };
  const auto spawn = [&](void (*fn)(void*)) {
    return script.host->spawn_thread(script.ctx, view("worker"), fn, &release, nullptr);
  };
  EXPECT_EQ(spawn(nullptr), TRELLIS_ERROR);
  auto status = TRELLIS_OK;
  std::size_t made = 0;
  while ((status = spawn(body)) == TRELLIS_OK && made < limits::provider_host_threads) ++made;
  EXPECT_EQ(status, TRELLIS_BUSY);
  EXPECT_EQ(made, limits::provider_host_threads);
  release.set();
  EXPECT_TRUE(stop());
}

TEST_F(DispatchTest, LogLinesAreCleanedAndNamed) {
  start(inline_flags);
  const std::string text(limits::provider_text_bytes + 100, 'x');
  script.host->log(script.ctx, TRELLIS_LOG_INFO, view("db"), view("bad \xff"));
  script.host->log(script.ctx, TRELLIS_LOG_INFO, view(""), view(text));
  script.host->log(script.ctx, TRELLIS_LOG_INFO, {nullptr, 3}, view("dropped"));
  const auto lines = sink->lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], "bad \xef\xbf\xbd");
  EXPECT_EQ(lines[1].size(), limits::provider_text_bytes);
}

TEST_F(DispatchTest, TheClockIsTheOneOfTheDeadlines) {
  start(inline_flags);
  const auto before = std::chrono::steady_clock::now().time_since_epoch().count();
  const auto told = script.host->now_ns(script.ctx);
  EXPECT_GE(told, before);
  EXPECT_LE(told, std::chrono::steady_clock::now().time_since_epoch().count());
}

}  // namespace
}  // namespace trellis::provider::testing
