// A provider whose behaviour a test writes down as lambdas, and a dispatcher that remembers.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "provider/leak.hpp"
#include "provider/provider.hpp"
#include "trellis/provider.h"

namespace trellis::provider::testing {

using namespace std::chrono_literals;

/// Long enough never to be reached by a test that passes.
inline constexpr auto ample = 30s;

inline trellis_view view(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string text(const trellis_view& view) {
  return {reinterpret_cast<const char*>(view.data), view.size};
}

/// A flag threads can wait for. It may be destroyed as soon as wait() has returned.
class Signal {
 public:
  void set() {
    const auto state = state_;
    const std::scoped_lock lock(state->mutex);
    state->set = true;
    state->changed.notify_all();
  }
  void wait() {
    const auto state = state_;
    std::unique_lock lock(state->mutex);
    state->changed.wait(lock, [&] { return state->set; });
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool set = false;
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

/// Until `condition` holds; the test fails when it never does.
template <class Condition>
void eventually(Condition&& condition) {
  const auto end = std::chrono::steady_clock::now() + ample;
  while (!condition()) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "the condition never came true";
    std::this_thread::sleep_for(1ms);
  }
}

/// What the plugin does. One at a time is being created; it must outlive the provider.
struct Script {
  std::function<trellis_status(Script&)> on_create;
  std::function<void(Script&, trellis_call, const trellis_call_info&)> on_call;
  std::function<void(Script&)> on_stop;

  const trellis_host_v1* host = nullptr;
  trellis_host_ctx* ctx = nullptr;
  std::atomic<int> stopped{0};
  std::atomic<int> destroyed{0};

  void complete(trellis_call call, std::string_view answer, trellis_status status = TRELLIS_OK) {
    host->complete(ctx, call, status, view(answer).data, answer.size());
  }
  /// Blocking dispatch; the text of the answer and how it ended.
  std::pair<trellis_status, std::string> dispatch(trellis_call parent, std::string_view actor,
                                                  std::string_view operation,
                                                  std::string_view payload,
                                                  std::int64_t timeout_ns = 0) {
    trellis_buffer out{};
    const auto status =
        host->dispatch(ctx, parent, view(actor), view(operation), view(payload), timeout_ns, &out);
    std::string answer(reinterpret_cast<const char*>(out.data), out.size);
    host->free_buffer(ctx, &out);
    return {status, answer};
  }
};

inline Script*& script_being_created() {
  static Script* script = nullptr;
  return script;
}

inline trellis_provider_table scripted_table(std::uint32_t flags) {
  trellis_provider_table table{};
  table.struct_size = sizeof table;
  table.abi_version = TRELLIS_PROVIDER_ABI;
  table.flags = flags;
  table.contract_id = "test:scripted";
  table.name = "Scripted";
  table.create = [](const trellis_host_v1* host, trellis_host_ctx* ctx, void** instance) {
    auto& script = *script_being_created();
    script.host = host;
    script.ctx = ctx;
    *instance = &script;
    return script.on_create ? script.on_create(script) : TRELLIS_OK;
  };
  table.handle_call = [](void* instance, trellis_call call, const trellis_call_info* info) {
    auto& script = *static_cast<Script*>(instance);
    script.on_call(script, call, *info);
  };
  table.stop = [](void* instance, std::int64_t) {
    auto& script = *static_cast<Script*>(instance);
    ++script.stopped;
    if (script.on_stop) script.on_stop(script);
  };
  table.destroy = [](void* instance) { ++static_cast<Script*>(instance)->destroyed; };
  return table;
}

/// Remembers what it was asked and answers with `answer`.
class FakeDispatcher final : public Dispatcher {
 public:
  struct Asked {
    std::optional<CallContext> parent;
    std::string actor;
    std::string operation;
    std::string payload;
    SteadyTime deadline;
    std::thread::id thread;
  };

  ~FakeDispatcher() override { join(); }

  Result<Bytes> dispatch(const CallContext* parent, std::string_view actor,
                         std::string_view operation, ByteView payload,
                         SteadyTime deadline) override {
    remember(parent, actor, operation, payload, deadline);
    return answer(*this);
  }
  void dispatch_async(const CallContext* parent, std::string_view actor, std::string_view operation,
                      Bytes payload, SteadyTime deadline,
                      std::function<void(Result<Bytes>)> done) override {
    remember(parent, actor, operation, payload, deadline);
    const std::scoped_lock lock(mutex_);
    if (keep_ends) return ends_.push_back(std::move(done));
    threads_.emplace_back([this, done = std::move(done)] { done(answer(*this)); });
  }

  std::vector<Asked> asked() {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }
  void join() {
    for (auto& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  bool keep_ends = false;  ///< asynchronous dispatches never end by themselves
  std::function<Result<Bytes>(FakeDispatcher&)> answer = [](FakeDispatcher&) {
    return Result<Bytes>(to_bytes(std::string_view("pong")));
  };

 private:
  void remember(const CallContext* parent, std::string_view actor, std::string_view operation,
                ByteView payload, SteadyTime deadline) {
    const std::scoped_lock lock(mutex_);
    asked_.push_back({parent == nullptr ? std::nullopt : std::optional(*parent), std::string(actor),
                      std::string(operation), std::string(as_text(payload)), deadline,
                      std::this_thread::get_id()});
  }

  std::mutex mutex_;
  std::vector<Asked> asked_;
  std::vector<std::thread> threads_;
  std::vector<std::function<void(Result<Bytes>)>> ends_;
};

/// Collects log lines.
class MemorySink final : public LogSink {
 public:
  bool enabled(LogLevel, std::string_view) const noexcept override { return true; }
  void write(const LogRecord& record) noexcept override {
    const std::scoped_lock lock(mutex_);
    lines_.emplace_back(record.text);
  }
  std::vector<std::string> lines() {
    const std::scoped_lock lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

constexpr std::uint32_t inline_flags = TRELLIS_PROVIDER_NONBLOCKING | TRELLIS_PROVIDER_CONCURRENT;

class ProviderTest : public ::testing::Test {
 protected:
  static constexpr EntityId own_id = 7;

  void TearDown() override {
    if (provider && !stopped_) {
      EXPECT_TRUE(provider->stop(in(ample)));
    }
    provider.reset();
    if (abandoned_) return expect_leak(&script);
    delete &script;
  }

  /// Makes `provider` from `script`.
  void start(std::uint32_t flags, Options options = {}) {
    auto plugin = wrap_table(scripted_table(flags));
    ASSERT_TRUE(plugin) << plugin.error().message;
    make(*plugin, std::move(options));
  }
  void make(std::shared_ptr<const Plugin> plugin, Options options = {}) {
    auto made = try_make(std::move(plugin), std::move(options));
    ASSERT_TRUE(made) << made.error().message;
    provider = *made;
  }
  Result<std::shared_ptr<Provider>> try_make(std::shared_ptr<const Plugin> plugin,
                                             Options options = {}) {
    options.id = own_id;
    if (options.label.empty()) options.label = "test";
    script_being_created() = &script;
    return Provider::create(std::move(plugin), std::move(options),
                            std::shared_ptr<Dispatcher>(std::shared_ptr<void>(), &dispatcher),
                            std::make_shared<SystemClock>(), Log(sink, "provider"));
  }

  SteadyTime in(std::chrono::nanoseconds span) { return std::chrono::steady_clock::now() + span; }
  /// A chain with one entity, 3, on it.
  CallContext context(std::chrono::nanoseconds time = ample, std::uint64_t chain_id = 0) {
    CallContext made;
    made.chain_id = chain_id;
    made.deadline = in(time);
    made.chain[made.depth++] = 3;
    return made;
  }
  /// The answer, or "code: message" of the error, for EXPECT_EQ.
  std::string text_of(std::string_view operation, std::string_view payload = "") {
    const auto answer = call(operation, payload);
    if (answer) return *answer;
    return std::string(to_string(answer.error().code)) + ": " + answer.error().message;
  }
  Result<std::string> call(std::string_view operation, std::string_view payload = "",
                           std::chrono::nanoseconds time = ample) {
    return call_as(context(time), operation, payload);
  }
  Result<std::string> call_as(const CallContext& caller, std::string_view operation,
                              std::string_view payload = "") {
    auto answer = provider->call(caller, "MACTOR", operation, as_bytes(payload));
    if (!answer) return pass(answer);
    return std::string(as_text(*answer));
  }
  bool stop(std::chrono::nanoseconds time = ample) {
    stopped_ = true;
    abandoned_ = !provider->stop(in(time));
    return !abandoned_;
  }

  Script& script = *new Script;  ///< an abandoned provider goes on using it
  FakeDispatcher dispatcher;
  std::shared_ptr<MemorySink> sink = std::make_shared<MemorySink>();
  std::shared_ptr<Provider> provider;

 private:
  bool stopped_ = false;
  bool abandoned_ = false;
};

/// Whether the result is an error of this code whose message contains `part`.
template <class T>
::testing::AssertionResult is_error(const Result<T>& result, ErrorCode code,
                                    std::string_view part = "") {
  if (result) return ::testing::AssertionFailure() << "no error";
  const auto& error = result.error();
  if (error.code == code && error.message.find(part) != std::string::npos) {
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << to_string(error.code) << ": " << error.message;
}

}  // namespace trellis::provider::testing
