// Requests of the plugin to the host: dispatches, threads, memory, log lines. All arguments are
// checked here.
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

#include "base/limits.hpp"
#include "provider/current_call.hpp"
#include "provider/plugin_instance.hpp"
#include "provider/status.hpp"
#include "threads/blocking.hpp"

namespace trellis::provider {
namespace {

std::unexpected<Error> stopping_error() {
  return fail(ErrorCode::cancelled, "provider is stopping");
}

/// Hooks of a plugin's thread; TRELLIS_HAS decided what may be read.
class PluginHooks final : public BlockingHooks {
 public:
  /// Nothing when the plugin gave no complete pair.
  static std::shared_ptr<PluginHooks> copy(const trellis_thread_hooks* hooks) {
    if (hooks == nullptr || !TRELLIS_HAS(hooks, user)) return nullptr;
    if (hooks->before_block == nullptr || hooks->after_block == nullptr) return nullptr;
    return std::make_shared<PluginHooks>(*hooks);
  }
  explicit PluginHooks(const trellis_thread_hooks& hooks) : hooks_(hooks) {}

  bool before_block() noexcept override { return hooks_.before_block(hooks_.user) == 0; }
  void after_block() noexcept override { hooks_.after_block(hooks_.user); }

 private:
  trellis_thread_hooks hooks_;
};

LogLevel to_log_level(unsigned raw) {
  switch (raw) {
    case TRELLIS_LOG_TRACE: return LogLevel::trace;
    case TRELLIS_LOG_DEBUG: return LogLevel::debug;
    case TRELLIS_LOG_WARN: return LogLevel::warn;
    case TRELLIS_LOG_ERROR: return LogLevel::error;
    default: return LogLevel::info;
  }
}

}  // namespace

Result<std::optional<CallContext>> PluginInstance::parent_context(trellis_call parent) const {
  if (parent == TRELLIS_NO_CALL) return std::nullopt;
  const auto found = calls_.find(parent);
  auto context = found.slot == nullptr ? std::nullopt : found.slot->context(found.generation);
  if (!context) {
    if (found.slot != nullptr && found.slot->is_abandoned(found.generation)) {
      return fail(ErrorCode::deadline, "the caller of the parent call has given up");
    }
    return fail(ErrorCode::invalid_argument,
                "the parent of the dispatch is no call that is being answered");
  }
  if (!context->can_extend()) return fail(ErrorCode::limit, "call chain too deep");
  // Chain id stands for one stack (base/call_context.hpp): what another thread dispatches keeps
  // depth and deadline only. In a process of its own the id is the host's, which decides that at
  // its end.
  const bool keeps_chain = options_.in_own_process || CurrentCall::is_inside(this, parent);
  if (!keeps_chain) context->chain_id = 0;
  return context->extended(options_.id);
}

Result<PluginInstance::Outgoing> PluginInstance::prepare(trellis_call parent,
                                                         const trellis_view& actor,
                                                         const trellis_view& operation,
                                                         const trellis_view& payload,
                                                         std::int64_t timeout_ns) const {
  auto actor_name = checked_name(actor, "actor of the dispatch");
  if (!actor_name) return pass(actor_name);
  auto operation_name = checked_name(operation, "operation of the dispatch");
  if (!operation_name) return pass(operation_name);
  if (!is_readable(payload)) {
    return fail(ErrorCode::invalid_argument, "the payload of the dispatch has a size but no data");
  }
  if (payload.size > limits::payload_bytes) {
    return fail(ErrorCode::limit,
                fmt::format("the payload of the dispatch has {} bytes; {} are allowed",
                            payload.size, limits::payload_bytes));
  }
  if (timeout_ns < 0) {
    return fail(ErrorCode::invalid_argument, "the timeout of the dispatch is negative");
  }
  auto context = parent_context(parent);
  if (!context) return pass(context);

  // Timeout is cut first: adding an enormous one would overflow.
  constexpr std::chrono::nanoseconds longest = std::chrono::hours(24);
  const auto timeout = timeout_ns == 0 ? options_.dispatch_timeout
                                       : std::min(std::chrono::nanoseconds(timeout_ns), longest);
  auto deadline = now() + timeout;
  if (*context) {
    // Deadline of the chain only shrinks on the way down.
    deadline = std::min(deadline, (*context)->deadline);
    (*context)->deadline = deadline;
  }
  return Outgoing{*context, *actor_name, *operation_name, to_byte_view(payload), deadline};
}

Result<Bytes> PluginInstance::dispatch(trellis_call parent, const trellis_view& actor,
                                       const trellis_view& operation, const trellis_view& payload,
                                       std::int64_t timeout_ns) {
  // Gate counts threads of the plugin that are inside the host: until they have left, nothing they
  // use may go.
  const auto inside = host_calls_.enter();
  if (!inside) return stopping_error();
  auto call = prepare(parent, actor, operation, payload, timeout_ns);
  if (!call) return pass(call);
  return dispatcher_->dispatch(call->context(), call->actor, call->operation, call->payload,
                               call->deadline);
}

void PluginInstance::dispatch_async(trellis_call parent, const trellis_view& actor,
                                    const trellis_view& operation, const trellis_view& payload,
                                    std::int64_t timeout_ns, trellis_dispatch_done done,
                                    void* user) {
  const auto inside = host_calls_.enter();
  const auto refuse = [&](const Result<Bytes>& error) { AsyncDispatches::call(done, user, error); };
  if (!inside) return refuse(stopping_error());
  auto call = prepare(parent, actor, operation, payload, timeout_ns);
  if (!call) return refuse(pass(call));
  // From here on the end is told through `end`, once, whatever comes first.
  auto end = async_->begin(done, user);
  if (!end) return refuse(refuse_busy("too many of its dispatches are under way"));
  try {
    dispatcher_->dispatch_async(call->context(), call->actor, call->operation,
                                to_bytes(call->payload), call->deadline, *end);
  } catch (const std::exception& failed) {
    // Ends twice if it failed after it had begun; the second end finds nothing.
    (*end)(fail(ErrorCode::internal, fmt::format("the dispatch failed: {}", failed.what())));
  }
}

Result<void> PluginInstance::spawn_thread(const trellis_view& name, void (*fn)(void*), void* arg,
                                          const trellis_thread_hooks* hooks) {
  if (stopping_.load()) return stopping_error();
  if (fn == nullptr) return fail(ErrorCode::invalid_argument, "the thread has no function");
  if (!is_readable(name)) return fail(ErrorCode::invalid_argument, "the thread's name is bad");
  auto body = [this, fn, arg, copied = PluginHooks::copy(hooks)] {
    const ThreadBlockingHooks installed(copied.get());
    try {
      fn(arg);
    } catch (...) {
      log_.error("a thread of provider {} ended with an exception", options_.label);
    }
  };
  // Kernel names of threads have 15 bytes.
  return host_threads_.start(clean_text(to_text(name), 15), limits::provider_host_threads,
                             std::move(body));
}

bool PluginInstance::reserve_memory(std::uint64_t bytes) noexcept {
  if (!options_.memory) return true;
  // Compared before it is cut to the size of the machine's words.
  if (bytes > options_.memory->limit()) return false;
  const auto size = static_cast<std::size_t>(bytes);
  if (!options_.memory->take(Held::http, size)) return false;
  reserved_.fetch_add(size, std::memory_order_relaxed);
  return true;
}

/// Gives back no more than was taken, whatever the plugin says: the budget is shared with others.
void PluginInstance::release_memory(std::uint64_t bytes) noexcept {
  if (!options_.memory) return;
  auto reserved = reserved_.load(std::memory_order_relaxed);
  std::size_t size = 0;
  do {
    size = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, reserved));
  } while (!reserved_.compare_exchange_weak(reserved, reserved - size));
  options_.memory->give_back(Held::http, size);
}

void PluginInstance::log(unsigned level, const trellis_view& target, const trellis_view& text) {
  if (!is_readable(target) || !is_readable(text)) return;
  const auto line = clean_text(to_text(text), limits::provider_text_bytes);
  const auto from = clean_text(to_text(target), limits::name_bytes);
  // Plugins say in the log why create fails; the status alone tells nobody anything.
  if (creating_.load() && level >= TRELLIS_LOG_WARN) {
    const MutexLock lock(life_mutex_);
    last_complaint_ = line;
  }
  // Lines are limited per caller: one that makes the provider talk must not use up those of the
  // others.
  const auto source = options_.label + std::string(CurrentCall::origin_in(this));
  if (from.empty()) {
    return log_.write(to_log_level(level), line, {{"provider", options_.label}}, source);
  }
  log_.write(to_log_level(level), line, {{"provider", options_.label}, {"target", from}}, source);
}

}  // namespace trellis::provider
