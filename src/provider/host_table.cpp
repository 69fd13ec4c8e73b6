// Functions of trellis_host_v1: nothing but the crossing. Nothing may be thrown out of them, and
// `ctx` may be anything a confused plugin passes; null is all that can be told apart.
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "base/limits.hpp"
#include "provider/plugin_instance.hpp"
#include "provider/status.hpp"

namespace trellis::provider {
namespace {

PluginInstance* core_of(trellis_host_ctx* ctx) noexcept {
  return static_cast<PluginInstance*>(ctx);
}

/// Runs `body` and turns exceptions (memory that cannot be had) into `otherwise`.
template <class T, class Body>
T guarded(T otherwise, Body&& body) noexcept {
  try {
    return body();
  } catch (...) {
    return otherwise;
  }
}

void complete(trellis_host_ctx* ctx, trellis_call call, trellis_status status,
              const std::uint8_t* bytes, std::size_t size) noexcept {
  if (ctx == nullptr) return;
  const auto raw = raw_value(status);
  guarded(0, [&] {
    core_of(ctx)->complete(call, raw, bytes, size);
    return 0;
  });
}

std::int32_t cancelled(trellis_host_ctx* ctx, trellis_call call) noexcept {
  return ctx == nullptr || core_of(ctx)->cancelled(call) ? 1 : 0;
}

/// Buffer that the plugin gives back with free_buffer: the side that made it frees it (contracts.md
/// 4.3).
void fill(trellis_buffer& out, Bytes bytes) {
  if (bytes.empty()) return;
  auto owner = std::make_unique<Bytes>(std::move(bytes));
  out = {owner->data(), owner->size(), owner.get()};
  (void)owner.release();  // free_buffer takes it back
}

trellis_status deliver(Result<Bytes> result, trellis_buffer& out) {
  if (result) {
    fill(out, std::move(*result));
    return TRELLIS_OK;
  }
  const auto& error = result.error();
  fill(out, to_bytes(clean_text(error.message, limits::provider_text_bytes)));
  return to_status(error.code);
}

trellis_status dispatch(trellis_host_ctx* ctx, trellis_call parent, trellis_view actor,
                        trellis_view operation, trellis_view payload, std::int64_t timeout_ns,
                        trellis_buffer* out) noexcept {
  if (out == nullptr) return TRELLIS_ERROR;
  // Emptied first: the plugin may free it whatever comes.
  *out = {};
  if (ctx == nullptr) return TRELLIS_ERROR;
  return guarded(TRELLIS_ERROR, [&] {
    return deliver(core_of(ctx)->dispatch(parent, actor, operation, payload, timeout_ns), *out);
  });
}

void dispatch_async(trellis_host_ctx* ctx, trellis_call parent, trellis_view actor,
                    trellis_view operation, trellis_view payload, std::int64_t timeout_ns,
                    trellis_dispatch_done done, void* user) noexcept {
  const auto failed = [&](std::string_view why) {
    AsyncDispatches::call(done, user, fail(ErrorCode::internal, std::string(why)));
  };
  if (ctx == nullptr) return failed("no host context");
  try {
    core_of(ctx)->dispatch_async(parent, actor, operation, payload, timeout_ns, done, user);
  } catch (...) {
    failed("the dispatch could not be started");
  }
}

void free_buffer(trellis_host_ctx*, trellis_buffer* buffer) noexcept {
  if (buffer == nullptr) return;
  delete static_cast<Bytes*>(buffer->owner);
  *buffer = {};
}

trellis_status spawn_thread(trellis_host_ctx* ctx, trellis_view name, void (*fn)(void*), void* arg,
                            const trellis_thread_hooks* hooks) noexcept {
  if (ctx == nullptr) return TRELLIS_ERROR;
  return guarded(TRELLIS_ERROR, [&] {
    const auto started = core_of(ctx)->spawn_thread(name, fn, arg, hooks);
    return started ? TRELLIS_OK : to_status(started.error().code);
  });
}

void log(trellis_host_ctx* ctx, trellis_log_level level, trellis_view target,
         trellis_view text) noexcept {
  if (ctx == nullptr) return;
  const auto raw = raw_value(level);
  guarded(0, [&] {
    core_of(ctx)->log(raw, target, text);
    return 0;
  });
}

std::int64_t now_ns(trellis_host_ctx* ctx) noexcept {
  if (ctx == nullptr) return 0;
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             core_of(ctx)->now().time_since_epoch())
      .count();
}

trellis_status reserve_memory(trellis_host_ctx* ctx, std::uint64_t bytes) noexcept {
  return ctx == nullptr || core_of(ctx)->reserve_memory(bytes) ? TRELLIS_OK : TRELLIS_BUSY;
}

void release_memory(trellis_host_ctx* ctx, std::uint64_t bytes) noexcept {
  if (ctx != nullptr) core_of(ctx)->release_memory(bytes);
}

constexpr trellis_host_v1 functions = {
    sizeof(trellis_host_v1), TRELLIS_PROVIDER_ABI, complete,     cancelled, dispatch,
    dispatch_async,          free_buffer,          spawn_thread, log,       now_ns,
    reserve_memory,          release_memory,
};

}  // namespace

const trellis_host_v1& host_table() noexcept {
  return functions;
}

}  // namespace trellis::provider
