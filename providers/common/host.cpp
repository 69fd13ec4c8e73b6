#include "providers/common/host.hpp"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <utility>

namespace trellis::providers {

bool Host::usable(const trellis_host_v1* api) noexcept {
  return api != nullptr && api->abi_version == TRELLIS_PROVIDER_ABI && TRELLIS_HAS(api, now_ns);
}

void Host::complete(trellis_call call, const Result<Bytes>& answer) const noexcept {
  if (answer) return complete(call, TRELLIS_OK, *answer);
  complete(call, TRELLIS_ERROR, as_bytes(answer.error().message));
}

namespace {

[[nodiscard]] ErrorCode code_of(trellis_status status) noexcept {
  switch (status) {
    case TRELLIS_STOPPING: return ErrorCode::cancelled;
    case TRELLIS_BUSY: return ErrorCode::busy;
    case TRELLIS_DEADLINE: return ErrorCode::deadline;
    case TRELLIS_DENIED: return ErrorCode::denied;
    default: return ErrorCode::guest_failed;
  }
}

[[nodiscard]] trellis_log_level level_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::trace: return TRELLIS_LOG_TRACE;
    case LogLevel::debug: return TRELLIS_LOG_DEBUG;
    case LogLevel::warn: return TRELLIS_LOG_WARN;
    case LogLevel::error: return TRELLIS_LOG_ERROR;
    default: return TRELLIS_LOG_INFO;
  }
}

}  // namespace

Result<DispatchReply> Host::dispatch(trellis_call parent, std::string_view actor,
                                     std::string_view operation, ByteView payload,
                                     std::chrono::nanoseconds timeout) const {
  trellis_buffer buffer{};
  const trellis_status status = api_->dispatch(context_, parent, to_view(actor), to_view(operation),
                                               to_view(payload), timeout.count(), &buffer);
  DispatchReply reply(api_, context_, buffer);
  if (status == TRELLIS_OK) return reply;
  return fail(code_of(status), std::string(as_text(reply.bytes())));
}

void Host::log(LogLevel level, std::string_view target, std::string_view text) const noexcept {
  if (level == LogLevel::off) return;
  api_->log(context_, level_of(level), to_view(target), to_view(text));
}

/// Shared by the handle and the thread, so that the thread may signal its end and still touch it.
struct HostThread::State {
  Host host;
  std::function<void()> body;
  std::mutex mutex;
  std::condition_variable ended_changed;
  bool ended = false;
};

HostThread::HostThread(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}

void HostThread::run(void* argument) {
  const std::unique_ptr<std::shared_ptr<State>> owned(
      static_cast<std::shared_ptr<State>*>(argument));
  State& state = **owned;
  try {
    state.body();
  } catch (const std::exception& error) {
    state.host.log(LogLevel::error, "provider", error.what());
  } catch (...) {
    state.host.log(LogLevel::error, "provider", "a thread of the provider ended by an exception");
  }
  state.body = nullptr;
  const std::lock_guard lock(state.mutex);
  state.ended = true;
  state.ended_changed.notify_all();
}

Result<HostThread> HostThread::start(Host host, std::string_view name, std::function<void()> body,
                                     const trellis_thread_hooks* hooks) {
  auto state = std::make_shared<State>(host, std::move(body));
  auto argument = std::make_unique<std::shared_ptr<State>>(state);
  const trellis_status status = host.api().spawn_thread(host.context(), to_view(name),
                                                        &HostThread::run, argument.get(), hooks);
  if (status != TRELLIS_OK) {
    return fail(ErrorCode::unavailable, "the host has no thread for the provider",
                "check the limits on threads of the user and the container");
  }
  static_cast<void>(argument.release());  // run() owns it now
  return HostThread(std::move(state));
}

HostThread::~HostThread() {
  if (!state_) return;
  std::unique_lock lock(state_->mutex);
  state_->ended_changed.wait(lock, [this] { return state_->ended; });
}

bool HostThread::wait_until(SteadyTime deadline) const {
  std::unique_lock lock(state_->mutex);
  return state_->ended_changed.wait_until(lock, deadline, [this] { return state_->ended; });
}

}  // namespace trellis::providers
