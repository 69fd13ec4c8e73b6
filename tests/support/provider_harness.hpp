// A host small enough to hold in the hand, to drive a provider table in tests.
//
//   FakeHost host;
//   ProviderInstance kv(host, *find_builtin("builtin:keyvalue"));
//   ASSERT_TRUE(kv.bind("MA", {{"SHARED", "false"}}));
//   auto answer = kv.call("MA", "Get", payload);
#pragma once

#include <dlfcn.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "codec/messages/core.hpp"
#include "threads/blocking.hpp"
#include "trellis/bytes.hpp"
#include "trellis/provider.h"
#include "trellis/result.hpp"

namespace trellis::test {

/// Implements trellis_host_v1. Any thread. Calls, log lines and dispatches are recorded.
class FakeHost {
 public:
  struct LogLine {
    trellis_log_level level;
    std::string target;
    std::string text;
  };
  struct Reply {
    trellis_status status = TRELLIS_OK;
    Bytes bytes;
  };
  using Actor =
      std::function<Reply(std::string_view actor, std::string_view operation, ByteView payload)>;

  FakeHost() = default;
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;
  ~FakeHost() { join_threads(); }

  [[nodiscard]] const trellis_host_v1* api() const noexcept { return &api_; }
  [[nodiscard]] trellis_host_ctx* context() noexcept {
    return reinterpret_cast<trellis_host_ctx*>(this);
  }

  /// What dispatched calls do; without it they fail. It runs on the dispatching thread; a
  /// BlockingScope in it announces waits to the provider as the host does.
  void set_actor(Actor actor) {
    const std::scoped_lock lock(mutex_);
    actor_ = std::move(actor);
  }
  /// spawn_thread fails beyond so many.
  void set_most_threads(std::size_t most) { max_threads_ = most; }
  void set_most_memory(std::uint64_t most) { max_memory_ = most; }
  [[nodiscard]] std::uint64_t reserved_memory() const { return reserved_; }
  /// Of the last dispatch; 0 when the provider left it to the host.
  [[nodiscard]] std::chrono::nanoseconds last_timeout() const {
    return std::chrono::nanoseconds(last_timeout_ns_);
  }
  void advance(std::chrono::nanoseconds time) { advanced_ns_ += time.count(); }
  [[nodiscard]] std::int64_t now_ns() const {
    return advanced_ns_ + std::chrono::steady_clock::now().time_since_epoch().count();
  }

  [[nodiscard]] trellis_call begin_call() {
    const std::scoped_lock lock(mutex_);
    calls_.emplace(++last_call_, Completion{});
    return last_call_;
  }
  /// The answer to a call; a deadline error when none came in time.
  [[nodiscard]] Reply wait_for(trellis_call call,
                               std::chrono::seconds time = std::chrono::seconds(20)) {
    std::unique_lock lock(mutex_);
    if (!completed_.wait_for(lock, time, [&] { return calls_[call].done; })) {
      return {TRELLIS_DEADLINE, to_bytes("no answer")};
    }
    return std::move(calls_.extract(call).mapped().reply);
  }

  [[nodiscard]] std::vector<LogLine> logs() const {
    const std::scoped_lock lock(mutex_);
    return logs_;
  }
  /// Completions of unknown or already completed calls; a provider makes none.
  [[nodiscard]] int bad_completions() const noexcept { return bad_completions_; }
  /// Buffers of dispatch that were not freed.
  [[nodiscard]] int live_buffers() const noexcept { return live_buffers_; }
  void join_threads() {
    std::vector<std::thread> threads;
    {
      const std::scoped_lock lock(mutex_);
      threads.swap(threads_);
    }
    for (std::thread& thread : threads) thread.join();
  }

 private:
  struct Completion {
    bool done = false;
    Reply reply;
  };

  /// The hooks of a plugin's thread, as the host installs them.
  class ThreadHooks final : public BlockingHooks {
   public:
    explicit ThreadHooks(const trellis_thread_hooks* hooks) {
      if (hooks != nullptr) hooks_ = *hooks;
    }
    [[nodiscard]] bool present() const noexcept { return hooks_.before_block != nullptr; }
    bool before_block() noexcept override { return hooks_.before_block(hooks_.user) == 0; }
    void after_block() noexcept override { hooks_.after_block(hooks_.user); }

   private:
    trellis_thread_hooks hooks_{};
  };

  static FakeHost& of(trellis_host_ctx* context) { return *reinterpret_cast<FakeHost*>(context); }
  static ByteView bytes(trellis_view view) { return {view.data, view.size}; }
  static std::string text(trellis_view view) { return std::string(as_text(bytes(view))); }

  static void complete(trellis_host_ctx* context, trellis_call call, trellis_status status,
                       const std::uint8_t* data, std::size_t size) {
    FakeHost& self = of(context);
    const std::scoped_lock lock(self.mutex_);
    const auto found = self.calls_.find(call);
    if (found == self.calls_.end() || found->second.done) {
      ++self.bad_completions_;
      return;
    }
    found->second = {true, {status, Bytes(data, data + size)}};
    self.completed_.notify_all();
  }
  static std::int32_t cancelled(trellis_host_ctx* context, trellis_call call) {
    FakeHost& self = of(context);
    const std::scoped_lock lock(self.mutex_);
    const auto found = self.calls_.find(call);
    return found == self.calls_.end() || found->second.done ? 1 : 0;
  }
  [[nodiscard]] Reply ask_actor(trellis_view actor, trellis_view operation, trellis_view payload) {
    Actor run;
    {
      const std::scoped_lock lock(mutex_);
      run = actor_;
    }
    if (!run) return {TRELLIS_ERROR, to_bytes("no such actor")};
    return run(text(actor), text(operation), bytes(payload));
  }
  static trellis_status dispatch(trellis_host_ctx* context, trellis_call, trellis_view actor,
                                 trellis_view operation, trellis_view payload,
                                 std::int64_t timeout_ns, trellis_buffer* out) {
    FakeHost& self = of(context);
    self.last_timeout_ns_ = timeout_ns;
    auto reply = std::make_unique<Reply>(self.ask_actor(actor, operation, payload));
    ++self.live_buffers_;
    *out = {reply->bytes.data(), reply->bytes.size(), reply.get()};
    return reply.release()->status;
  }
  static void dispatch_async(trellis_host_ctx* context, trellis_call, trellis_view actor,
                             trellis_view operation, trellis_view payload, std::int64_t timeout_ns,
                             trellis_dispatch_done done, void* user) {
    FakeHost& self = of(context);
    self.last_timeout_ns_ = timeout_ns;
    auto body = [&self, done, user, actor = text(actor), operation = text(operation),
                 payload = to_bytes(bytes(payload))] {
      const auto view = [](const auto& data) {
        return trellis_view{reinterpret_cast<const std::uint8_t*>(data.data()), data.size()};
      };
      const Reply reply = self.ask_actor(view(actor), view(operation), view(payload));
      done(user, reply.status, view(reply.bytes));
    };
    const std::scoped_lock lock(self.mutex_);
    self.threads_.emplace_back(std::move(body));
  }
  static void free_buffer(trellis_host_ctx* context, trellis_buffer* buffer) {
    if (buffer->owner == nullptr) return;
    delete static_cast<Reply*>(buffer->owner);
    *buffer = {};
    --of(context).live_buffers_;
  }
  static trellis_status spawn_thread(trellis_host_ctx* context, trellis_view, void (*fn)(void*),
                                     void* argument, const trellis_thread_hooks* hooks) {
    FakeHost& self = of(context);
    const std::scoped_lock lock(self.mutex_);
    if (self.threads_.size() >= self.max_threads_) return TRELLIS_ERROR;
    self.threads_.emplace_back([fn, argument, hooks = ThreadHooks(hooks)]() mutable {
      const ThreadBlockingHooks installed(hooks.present() ? &hooks : nullptr);
      fn(argument);
    });
    return TRELLIS_OK;
  }
  static void log(trellis_host_ctx* context, trellis_log_level level, trellis_view target,
                  trellis_view line) {
    FakeHost& self = of(context);
    const std::scoped_lock lock(self.mutex_);
    self.logs_.push_back({level, text(target), text(line)});
  }
  static std::int64_t now(trellis_host_ctx* context) { return of(context).now_ns(); }

  static trellis_status reserve_memory(trellis_host_ctx* context, std::uint64_t bytes) {
    FakeHost& self = of(context);
    if (self.reserved_ + bytes > self.max_memory_) return TRELLIS_BUSY;
    self.reserved_ += bytes;
    return TRELLIS_OK;
  }
  static void release_memory(trellis_host_ctx* context, std::uint64_t bytes) {
    of(context).reserved_ -= bytes;
  }

  const trellis_host_v1 api_ = {
      sizeof(trellis_host_v1), TRELLIS_PROVIDER_ABI, &complete,     &cancelled, &dispatch,
      &dispatch_async,         &free_buffer,         &spawn_thread, &log,       &now,
      &reserve_memory,         &release_memory};
  mutable std::mutex mutex_;
  std::condition_variable completed_;
  std::map<trellis_call, Completion> calls_;
  trellis_call last_call_ = 0;
  std::vector<LogLine> logs_;
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> max_threads_{1000};
  std::atomic<std::uint64_t> max_memory_{std::uint64_t{1} << 40U};
  std::atomic<std::uint64_t> reserved_{0};
  std::atomic<std::int64_t> last_timeout_ns_{0};
  Actor actor_;
  std::atomic<std::int64_t> advanced_ns_{0};
  std::atomic<int> bad_completions_{0};
  std::atomic<int> live_buffers_{0};
};

/// One instance of a provider, made, and stopped when it goes. Error texts of the provider come
/// back as provider_failed; any thread may call.
class ProviderInstance {
 public:
  ProviderInstance(FakeHost& host, const trellis_provider_table& table)
      : host_(host), table_(table) {
    if (table.create(host.api(), host.context(), &instance_) != TRELLIS_OK) {
      throw std::runtime_error("the provider could not be created");
    }
  }
  ProviderInstance(const ProviderInstance&) = delete;
  ProviderInstance& operator=(const ProviderInstance&) = delete;
  ~ProviderInstance() {
    stop();
    host_.join_threads();
    table_.destroy(instance_);
  }

  /// As the host stops it; once, and without the test when the instance goes.
  void stop() {
    if (std::exchange(stopped_, true)) return;
    table_.stop(instance_, host_.now_ns() + std::int64_t{10'000'000'000});
  }

  /// `timeout` is what the provider is told; the answer is waited for longer.
  [[nodiscard]] Result<Bytes> call(std::string_view origin, std::string_view operation,
                                   ByteView payload,
                                   std::chrono::nanoseconds timeout = std::chrono::seconds(10)) {
    const trellis_call number = host_.begin_call();
    const auto view = [](ByteView bytes) { return trellis_view{bytes.data(), bytes.size()}; };
    const trellis_call_info info = {
        sizeof info,   view(as_bytes(origin)),           view(as_bytes(operation)),
        view(payload), host_.now_ns() + timeout.count(), 1};
    table_.handle_call(instance_, number, &info);
    FakeHost::Reply reply = host_.wait_for(number);
    if (reply.status == TRELLIS_OK) return std::move(reply.bytes);
    const ErrorCode code =
        reply.status == TRELLIS_DEADLINE ? ErrorCode::deadline : ErrorCode::provider_failed;
    return fail(code, std::string(as_text(reply.bytes)));
  }
  [[nodiscard]] Result<Bytes> bind(std::string_view actor, codec::StringMap values = {}) {
    return call(
        "system", "BindActor",
        codec::encode(codec::core::CapabilityConfiguration{std::string(actor), std::move(values)}));
  }
  [[nodiscard]] Result<Bytes> remove(std::string_view actor) {
    return call("system", "RemoveActor",
                codec::encode(codec::core::CapabilityConfiguration{std::string(actor), {}}));
  }
  /// The whole way: encode, call, decode. Undecodable answers are errors.
  template <class Answer, class Args>
  [[nodiscard]] Result<Answer> ask(std::string_view actor, std::string_view operation,
                                   const Args& args) {
    auto bytes = call(actor, operation, codec::encode(args));
    if (!bytes) return pass(bytes);
    return codec::decode<Answer>(*bytes);
  }

 private:
  FakeHost& host_;
  const trellis_provider_table& table_;
  void* instance_ = nullptr;
  bool stopped_ = false;
};

/// The table of a provider library, which stays loaded. Throws when there is none.
[[nodiscard]] inline const trellis_provider_table& open_module(const char* path) {
  void* library = ::dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) throw std::runtime_error(::dlerror());
  const auto entry =
      reinterpret_cast<trellis_provider_entry>(::dlsym(library, TRELLIS_PROVIDER_ENTRY));
  if (entry == nullptr) throw std::runtime_error("no entry in the provider library");
  return *entry();
}

}  // namespace trellis::test
