// The host as a provider sees it: typed covers over trellis_host_v1 (provider.h).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "trellis/clock.hpp"
#include "trellis/provider.h"
#include "trellis/provider/cpp17.hpp"

namespace trellis::sdk {

/// Text as the ABI passes it; valid as long as `text` is.
[[nodiscard]] inline trellis_view to_view(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
/// Text of the ABI; valid as long as the view is.
[[nodiscard]] inline std::string_view to_text(trellis_view view) noexcept {
  return {reinterpret_cast<const char*>(view.data), view.size};
}
/// A time of the ABI: nanoseconds of CLOCK_MONOTONIC, which is std::chrono::steady_clock.
[[nodiscard]] inline SteadyTime to_time(std::int64_t nanoseconds) noexcept {
  return SteadyTime(std::chrono::nanoseconds(nanoseconds));
}

namespace detail {

/// Texts for an exception, given to `use` as a view. Allocates where memory is not what ran out.
template <class Use>
void with_exception_text(Use use) noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    use(std::string_view("out of memory"));
  } catch (const std::exception& problem) {
    try {
      use(std::string_view(std::string("internal error: ") + problem.what()));
    } catch (...) {
      use(std::string_view("internal error"));
    }
  } catch (...) {
    use(std::string_view("internal error"));
  }
}

}  // namespace detail

/// Answer of an actor: a buffer of the host, given back when this goes. Only before `stop` of the
/// provider returns. One thread at a time.
template <class Types>
class BasicDispatchReply {
 public:
  BasicDispatchReply(const trellis_host_v1* api, trellis_host_ctx* context,
                     trellis_buffer buffer) noexcept
      : api_(api), context_(context), buffer_(buffer) {}
  BasicDispatchReply(BasicDispatchReply&& other) noexcept
      : api_(other.api_),
        context_(other.context_),
        buffer_(std::exchange(other.buffer_, trellis_buffer{})) {}
  BasicDispatchReply& operator=(BasicDispatchReply&& other) noexcept {
    std::swap(api_, other.api_);
    std::swap(context_, other.context_);
    std::swap(buffer_, other.buffer_);
    return *this;
  }
  ~BasicDispatchReply() { api_->free_buffer(context_, &buffer_); }

  /// The bytes; valid as long as this is.
  [[nodiscard]] typename Types::View bytes() const noexcept {
    return Types::view(buffer_.data, buffer_.size);
  }
  /// The same as text.
  [[nodiscard]] std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(buffer_.data), buffer_.size};
  }

 private:
  const trellis_host_v1* api_;
  trellis_host_ctx* context_;
  trellis_buffer buffer_;
};

/// Host of one provider instance. A value: copies refer to the same host. Any thread, from the
/// constructor of the provider until its `stop` has returned.
template <class Types>
class BasicHost {
 public:
  using Bytes = typename Types::Bytes;
  using View = typename Types::View;
  using DispatchReply = BasicDispatchReply<Types>;
  template <class T>
  using Result = typename Types::template Result<T>;
  /// Receives the end of an asynchronous dispatch: the answer, valid until it returns, or why there
  /// is none. Called once, on a thread of the host or the one that dispatched; must not block.
  using DispatchDone = std::function<void(Result<View>)>;

  BasicHost(const trellis_host_v1* api, trellis_host_ctx* context) noexcept
      : api_(api), context_(context) {}

  /// Whether the table has everything this class needs, in a version it understands.
  [[nodiscard]] static bool usable(const trellis_host_v1* api) noexcept {
    return api != nullptr && api->abi_version == TRELLIS_PROVIDER_ABI && TRELLIS_HAS(api, now_ns);
  }

  /// Ends a call. The adapter does so for what `handle` returns.
  void complete(trellis_call call, trellis_status status, View bytes) const noexcept {
    const auto raw = Types::abi_view(bytes);
    api_->complete(context_, call, status, raw.data, raw.size);
  }
  /// The same with success and the bytes, or with TRELLIS_ERROR and the text of the error.
  void complete(trellis_call call, const Result<Bytes>& answer) const noexcept {
    if (answer) return complete(call, TRELLIS_OK, View(*answer));
    refuse(call, Types::text(answer.error()));
  }
  /// Ends a call with TRELLIS_ERROR and a text that the caller sees.
  void refuse(trellis_call call, std::string_view text) const noexcept {
    const auto raw = to_view(text);
    api_->complete(context_, call, TRELLIS_ERROR, raw.data, raw.size);
  }
  /// Whether nobody waits for the call any more.
  [[nodiscard]] bool cancelled(trellis_call call) const noexcept {
    return api_->cancelled(context_, call) != 0;
  }

  /// Calls an actor that is linked to this provider and waits for its answer. `parent`: the call on
  /// whose behalf this happens, whose deadline bounds it, or TRELLIS_NO_CALL. `timeout` 0: the
  /// host's default. Errors: the text of the actor, or of the host when it says that it is
  /// stopping, busy, out of time, or that the call is denied.
  [[nodiscard]] Result<DispatchReply> dispatch(trellis_call parent, std::string_view actor,
                                               std::string_view operation, View payload,
                                               std::chrono::nanoseconds timeout = {}) const {
    trellis_buffer buffer{};
    const trellis_status status =
        api_->dispatch(context_, parent, to_view(actor), to_view(operation),
                       Types::abi_view(payload), timeout.count(), &buffer);
    DispatchReply reply(api_, context_, buffer);
    if (status == TRELLIS_OK) return reply;
    return Types::failure(status, std::string(reply.text()));
  }
  /// The same without waiting; what is passed is copied. `done` may be empty. What it throws is
  /// logged.
  void dispatch_async(trellis_call parent, std::string_view actor, std::string_view operation,
                      View payload, std::chrono::nanoseconds timeout, DispatchDone done) const {
    auto pending = std::make_unique<Pending>(*this, std::move(done));
    api_->dispatch_async(context_, parent, to_view(actor), to_view(operation),
                         Types::abi_view(payload), timeout.count(), &dispatched, pending.release());
  }

  /// Writes a line to the host's log. `target` says which part of the provider speaks.
  void log(typename Types::LogLevel level, std::string_view target,
           std::string_view text) const noexcept {
    const auto abi = Types::abi_level(level);
    if (abi) api_->log(context_, *abi, to_view(target), to_view(text));
  }
  void log(typename Types::LogLevel level, std::string_view text) const noexcept {
    log(level, {}, text);
  }

  /// Counts `bytes` that are about to be kept for others against the host's budget. False: there is
  /// no room; keep nothing and say that you are busy. True where the host does not count.
  [[nodiscard]] bool reserve_memory(std::size_t bytes) const noexcept {
    return !TRELLIS_HAS(api_, reserve_memory) ||
           api_->reserve_memory(context_, bytes) == TRELLIS_OK;
  }
  /// Gives back what was reserved.
  void release_memory(std::size_t bytes) const noexcept {
    if (TRELLIS_HAS(api_, release_memory)) api_->release_memory(context_, bytes);
  }
  /// Now, on the clock of the deadlines.
  [[nodiscard]] SteadyTime now() const noexcept { return to_time(api_->now_ns(context_)); }

  /// What the covers are made over.
  [[nodiscard]] const trellis_host_v1& api() const noexcept { return *api_; }
  [[nodiscard]] trellis_host_ctx* context() const noexcept { return context_; }

 private:
  struct Pending {
    Pending(BasicHost of, DispatchDone told) : host(of), done(std::move(told)) {}
    BasicHost host;
    DispatchDone done;
  };

  static void dispatched(void* user, trellis_status status, trellis_view bytes) noexcept {
    const std::unique_ptr<Pending> pending(static_cast<Pending*>(user));
    if (!pending->done) return;
    try {
      if (status == TRELLIS_OK) return pending->done(Types::view(bytes.data, bytes.size));
      pending->done(Types::failure(status, std::string(to_text(bytes))));
    } catch (...) {
      detail::with_exception_text([&](std::string_view text) {
        pending->host.api_->log(pending->host.context_, TRELLIS_LOG_ERROR, to_view("provider"),
                                to_view(text));
      });
    }
  }

  const trellis_host_v1* api_;
  trellis_host_ctx* context_;
};

using DispatchReply = BasicDispatchReply<Cpp17>;
using Host = BasicHost<Cpp17>;

}  // namespace trellis::sdk
