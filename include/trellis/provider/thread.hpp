// Threads of the host for providers.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "trellis/provider/host.hpp"

namespace trellis::sdk {

/// A thread of the host: actors that it dispatches to run on it, without a hand-over. The body must
/// end before the provider's `stop` returns; the destructor waits for that. Any thread.
template <class Types>
class BasicHostThread {
 public:
  template <class T>
  using Result = typename Types::template Result<T>;

  /// `name`: at most 15 bytes. `hooks`: told before and after the host blocks the thread (null: it
  /// may always), copied. What `body` throws ends it and is logged. Error: the host has no thread.
  [[nodiscard]] static Result<BasicHostThread> start(BasicHost<Types> host, std::string_view name,
                                                     std::function<void()> body,
                                                     const trellis_thread_hooks* hooks = nullptr) {
    auto state = std::make_shared<State>(host, std::move(body));
    auto argument = std::make_unique<std::shared_ptr<State>>(state);
    const trellis_status status =
        host.api().spawn_thread(host.context(), to_view(name), &run, argument.get(), hooks);
    if (status != TRELLIS_OK) return Types::no_thread();
    static_cast<void>(argument.release());  // run() owns it now
    return BasicHostThread(std::move(state));
  }
  BasicHostThread(BasicHostThread&&) noexcept = default;
  BasicHostThread& operator=(BasicHostThread&&) = delete;
  ~BasicHostThread() {
    if (!state_) return;
    std::unique_lock<std::mutex> lock(state_->mutex);
    state_->ended_changed.wait(lock, [this] { return state_->ended; });
  }

  /// Waits for the end of the body; false when it still runs at `deadline`.
  [[nodiscard]] bool wait_until(SteadyTime deadline) const {
    std::unique_lock<std::mutex> lock(state_->mutex);
    return state_->ended_changed.wait_until(lock, deadline, [this] { return state_->ended; });
  }

 private:
  /// Shared by the handle and the thread, so that the thread may signal its end and still touch it.
  struct State {
    State(BasicHost<Types> of, std::function<void()> work) : host(of), body(std::move(work)) {}
    BasicHost<Types> host;
    std::function<void()> body;
    std::mutex mutex;
    std::condition_variable ended_changed;
    bool ended = false;  // under mutex
  };

  explicit BasicHostThread(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}

  static void log_error(const State& state, std::string_view text) noexcept {
    state.host.api().log(state.host.context(), TRELLIS_LOG_ERROR, to_view("provider"),
                         to_view(text));
  }
  static void run(void* argument) {
    const std::unique_ptr<std::shared_ptr<State>> owned(
        static_cast<std::shared_ptr<State>*>(argument));
    State& state = **owned;
    try {
      state.body();
    } catch (const std::exception& error) {
      log_error(state, error.what());
    } catch (...) {
      log_error(state, "a thread of the provider ended by an exception");
    }
    state.body = nullptr;
    const std::lock_guard<std::mutex> lock(state.mutex);
    state.ended = true;
    state.ended_changed.notify_all();
  }

  std::shared_ptr<State> state_;
};

using HostThread = BasicHostThread<Cpp17>;

}  // namespace trellis::sdk
