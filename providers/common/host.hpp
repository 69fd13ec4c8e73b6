// The host as a provider written in C++ sees it: thin, typed covers over trellis_host_v1.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include "trellis/bytes.hpp"
#include "trellis/clock.hpp"
#include "trellis/log.hpp"
#include "trellis/provider.h"
#include "trellis/result.hpp"

namespace trellis::providers {

[[nodiscard]] inline trellis_view to_view(ByteView bytes) noexcept {
  return {bytes.data(), bytes.size()};
}
[[nodiscard]] inline trellis_view to_view(std::string_view text) noexcept {
  return to_view(as_bytes(text));
}
[[nodiscard]] inline ByteView from_view(trellis_view view) noexcept {
  return {view.data, view.size};
}

/// The deadline clock of the ABI (CLOCK_MONOTONIC, nanoseconds) is std::chrono::steady_clock.
[[nodiscard]] inline SteadyTime to_time(std::int64_t nanoseconds) noexcept {
  return SteadyTime(std::chrono::nanoseconds(nanoseconds));
}

/// The answer of an actor; gives its bytes back to the host when it goes.
class DispatchReply {
 public:
  DispatchReply(const trellis_host_v1* api, trellis_host_ctx* context,
                trellis_buffer buffer) noexcept
      : api_(api), context_(context), buffer_(buffer) {}
  DispatchReply(DispatchReply&& other) noexcept
      : api_(other.api_), context_(other.context_), buffer_(std::exchange(other.buffer_, {})) {}
  DispatchReply& operator=(DispatchReply&& other) noexcept {
    std::swap(api_, other.api_);
    std::swap(context_, other.context_);
    std::swap(buffer_, other.buffer_);
    return *this;
  }
  ~DispatchReply() { api_->free_buffer(context_, &buffer_); }

  [[nodiscard]] ByteView bytes() const noexcept { return {buffer_.data, buffer_.size}; }

 private:
  const trellis_host_v1* api_;
  trellis_host_ctx* context_;
  trellis_buffer buffer_;
};

/// A value handle; copies refer to the same host. Any thread, from create until the end of stop.
class Host {
 public:
  Host(const trellis_host_v1* api, trellis_host_ctx* context) noexcept
      : api_(api), context_(context) {}

  /// Whether the table has everything this class calls, in a version it understands.
  [[nodiscard]] static bool usable(const trellis_host_v1* api) noexcept;

  void complete(trellis_call call, trellis_status status, ByteView bytes) const noexcept {
    api_->complete(context_, call, status, bytes.data(), bytes.size());
  }
  /// Success with the bytes, or the error's message.
  void complete(trellis_call call, const Result<Bytes>& answer) const noexcept;
  [[nodiscard]] bool cancelled(trellis_call call) const noexcept {
    return api_->cancelled(context_, call) != 0;
  }

  /// Calls an actor and waits (trellis_host_v1::dispatch). Errors: guest_failed with the actor's
  /// text; cancelled, busy, deadline or denied when the host said so.
  [[nodiscard]] Result<DispatchReply> dispatch(trellis_call parent, std::string_view actor,
                                               std::string_view operation, ByteView payload,
                                               std::chrono::nanoseconds timeout = {}) const;

  void log(LogLevel level, std::string_view target, std::string_view text) const noexcept;
  /// trellis_host_v1::reserve_memory; true where the host does not count.
  [[nodiscard]] bool reserve_memory(std::size_t bytes) const noexcept {
    return !TRELLIS_HAS(api_, reserve_memory) ||
           api_->reserve_memory(context_, bytes) == TRELLIS_OK;
  }
  void release_memory(std::size_t bytes) const noexcept {
    if (TRELLIS_HAS(api_, release_memory)) api_->release_memory(context_, bytes);
  }
  [[nodiscard]] SteadyTime now() const noexcept { return to_time(api_->now_ns(context_)); }

  [[nodiscard]] const trellis_host_v1& api() const noexcept { return *api_; }
  [[nodiscard]] trellis_host_ctx* context() const noexcept { return context_; }

 private:
  const trellis_host_v1* api_;
  trellis_host_ctx* context_;
};

/// A thread of the host that may enter guests directly. The body must end before the provider's
/// stop returns; the destructor waits for it.
class HostThread {
 public:
  /// `name`: at most 15 bytes. `hooks` may be null. An exception out of `body` ends it and is
  /// logged.
  [[nodiscard]] static Result<HostThread> start(Host host, std::string_view name,
                                                std::function<void()> body,
                                                const trellis_thread_hooks* hooks = nullptr);
  HostThread(HostThread&&) noexcept = default;
  HostThread& operator=(HostThread&&) = delete;
  ~HostThread();

  /// Waits for the end of the body; false when it still runs at `deadline`.
  [[nodiscard]] bool wait_until(SteadyTime deadline) const;

 private:
  struct State;
  explicit HostThread(std::shared_ptr<State> state) noexcept;
  static void run(void* argument);

  std::shared_ptr<State> state_;
};

}  // namespace trellis::providers
