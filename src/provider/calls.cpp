// Calls towards the plugin, and the answers that come back.
#include <fmt/format.h>

#include <exception>
#include <utility>

#include "base/guard.hpp"
#include "base/limits.hpp"
#include "provider/current_call.hpp"
#include "provider/plugin_instance.hpp"
#include "provider/status.hpp"
#include "threads/blocking.hpp"

namespace trellis::provider {
namespace {

std::int64_t to_ns(SteadyTime time) noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

/// Copy of a call for the executor: its caller may be gone before it runs.
Job make_job(trellis_call number, const CallContext& caller, const trellis_call_info& info) {
  Job job;
  job.number = number;
  job.chain_id = caller.chain_id;
  job.chain_depth = info.chain_depth;
  job.deadline_ns = info.deadline_ns;
  job.origin_size = info.origin.size;
  job.operation_size = info.operation.size;
  job.data.reserve(info.origin.size + info.operation.size + info.payload.size);
  for (const auto& part : {info.origin, info.operation, info.payload}) {
    const auto bytes = to_byte_view(part);
    job.data.insert(job.data.end(), bytes.begin(), bytes.end());
  }
  return job;
}

}  // namespace

Result<Bytes> PluginInstance::call(const CallContext& caller, std::string_view origin,
                                   std::string_view operation, ByteView payload) {
  if (auto sizes = check_call_sizes(origin, operation, payload); !sizes) return pass(sizes);
  const auto open = calls_.open(caller);
  if (open.slot == nullptr) {
    return refuse_busy(fmt::format("{} calls are in flight", CallTable::max_calls));
  }
  // Flag is read after the slot was taken: stop() sets the flag and then looks at the slots.
  if (stopping_.load()) return drop(open, fail(ErrorCode::cancelled, "provider is stopping"));
  if (now() >= caller.deadline) {
    return drop(open, fail(ErrorCode::deadline, fmt::format("no time is left for the call to "
                                                            "provider {}",
                                                            options_.label)));
  }
  const trellis_call_info info{sizeof info,      to_view(origin),        to_view(operation),
                               to_view(payload), to_ns(caller.deadline), caller.depth};
  // Three ways in: on this thread, because the call never blocks (or the process has threads for
  // that); on this thread after others have taken over its work; on the executor.
  if (nonblocking() || options_.in_own_process) return call_inline(open, caller, info);
  if (waits_on_callers_thread(origin)) {
    const BlockingScope scope;
    if (!scope.allowed()) return drop(open, refuse_busy("no thread may wait for it now"));
    return call_inline(open, caller, info);
  }
  return call_executor(open, caller, info);
}

Result<Bytes> PluginInstance::call_inline(const CallTable::Open& open, const CallContext& caller,
                                          const trellis_call_info& info) {
  if (concurrent()) {
    run_plugin(open.number, info);
  } else {
    if (auto entered = enter_gate(caller); !entered) {
      return drop(open, std::unexpected(std::move(entered.error())));
    }
    run_plugin(open.number, info);
    gate_.leave();
  }
  // Usual case: the answer came inside handle_call, without a lock or a wake-up.
  if (open.slot->answered()) return finish(open);
  open.slot->set_left(true);
  const BlockingScope scope;
  // Call cannot be dropped any more, since the plugin has its number: it is given up, unless the
  // answer came at this moment.
  if (!scope.allowed() && open.slot->abandon()) {
    open.slot->count_call(true);
    calls_.rest(open);
    return refuse_busy("no thread may wait for it now");
  }
  return wait(open, caller.deadline, to_text(info.operation));
}

Result<void> PluginInstance::enter_gate(const CallContext& caller) {
  // Chain that holds the gate would wait for itself until its deadline.
  if (gate_.held_by_chain(caller.chain_id)) {
    return fail(
        ErrorCode::limit,
        fmt::format("provider {} is already executing a call in this chain", options_.label));
  }
  if (gate_.enter(caller.chain_id, caller.deadline, *clock_)) {
    // Gate may open because the provider stops: then the plugin must not be entered any more.
    if (!stopping_.load()) return {};
    gate_.leave();
    return fail(ErrorCode::cancelled, "provider is stopping");
  }
  if (now() >= caller.deadline) {
    timeouts_.fetch_add(1, std::memory_order_relaxed);
    return fail(ErrorCode::deadline,
                fmt::format("provider {} was occupied until the deadline", options_.label));
  }
  return refuse_busy("it is occupied and no thread may wait for it");
}

Result<Bytes> PluginInstance::call_executor(const CallTable::Open& open, const CallContext& caller,
                                            const trellis_call_info& info) {
  open.slot->set_left(true);  // the executor knows who is inside
  const BlockingScope scope;
  if (!scope.allowed()) return drop(open, refuse_busy("no thread may wait for it now"));
  auto queued = contained([&] { return executor_.submit(make_job(open.number, caller, info)); });
  if (!queued) {
    if (queued.error().code == ErrorCode::busy) {
      refused_busy_.fetch_add(1, std::memory_order_relaxed);
    }
    return drop(open, std::unexpected(std::move(queued.error())));
  }
  return wait(open, caller.deadline, to_text(info.operation));
}

std::unexpected<Error> PluginInstance::refuse_busy(std::string_view why) {
  refused_busy_.fetch_add(1, std::memory_order_relaxed);
  return fail(ErrorCode::busy, fmt::format("provider {} is busy: {}", options_.label, why));
}

void PluginInstance::run_job(const Job& job) {
  if (!is_open(job.number)) return;  // nobody waits any more
  const auto at = job.data.data();
  const auto rest = job.origin_size + job.operation_size;
  trellis_call_info info{};
  info.struct_size = sizeof info;
  info.origin = {at, job.origin_size};
  info.operation = {at + job.origin_size, job.operation_size};
  info.payload = {at + rest, job.data.size() - rest};
  info.deadline_ns = job.deadline_ns;
  info.chain_depth = job.chain_depth;
  run_plugin(job.number, info);
}

/// Plugins must not throw. One in C++ that does anyway fails this call only, as far as the
/// exception can be caught here.
void PluginInstance::run_plugin(trellis_call number, const trellis_call_info& info) noexcept {
  const CurrentCall current(this, number, to_text(info.origin));
  try {
    table_.handle_call(instance_, number, &info);
  } catch (const std::exception& thrown) {
    survived([&] { plugin_threw(number, std::string(": ") + thrown.what()); });
  } catch (...) {  // not even a name is known of it
    survived([&] { plugin_threw(number, {}); });
  }
}

void PluginInstance::plugin_threw(trellis_call number, std::string_view what) {
  log_.error("provider {} threw an exception out of handle_call", options_.label);
  const auto text = fmt::format("the provider threw an exception{}", what);
  const auto bytes = as_bytes(text);
  complete(number, TRELLIS_ERROR, bytes.data(), bytes.size());
}

Result<Bytes> PluginInstance::wait(const CallTable::Open& open, SteadyTime deadline,
                                   std::string_view operation) {
  const auto end = open.slot->wait(deadline, *clock_, stopping_);
  if (end == WaitEnd::answered) return finish(open);
  open.slot->count_call(true);
  // Executor is told, since a thread that does not come back counts as stuck. A job that never ran
  // has left no number with the plugin.
  const bool never_ran = executor_.caller_left(open.number);
  if (never_ran) {
    calls_.close(open);
  } else {
    calls_.rest(open);
  }
  if (end == WaitEnd::stopped) return fail(ErrorCode::cancelled, "provider is stopping");
  timeouts_.fetch_add(1, std::memory_order_relaxed);
  return fail(ErrorCode::deadline,
              fmt::format("provider {} did not answer {} in time", options_.label, operation));
}

Result<Bytes> PluginInstance::finish(const CallTable::Open& open) {
  auto answer = open.slot->take_answer();
  const bool failed = answer.status != TRELLIS_OK;
  open.slot->count_call(failed);
  calls_.close(open);
  if (!failed) return std::move(answer.bytes);
  return fail(to_error_code(answer.status), std::string(as_text(answer.bytes)));
}

/// Ends a call that never reached the plugin.
Result<Bytes> PluginInstance::drop(const CallTable::Open& open, std::unexpected<Error> error) {
  open.slot->count_call(true);
  calls_.close(open);
  return error;
}

void PluginInstance::complete(trellis_call call, unsigned status, const std::uint8_t* bytes,
                              std::size_t size) {
  const auto found = calls_.find(call);
  auto what = Completion::repeated;
  if (found.slot != nullptr) {
    // Copy is made only when somebody may want it, and before the answer is claimed: the plugin's
    // bytes are valid only until this returns.
    auto answer = Answer();
    if (found.slot->is_open(found.generation) &&
        !survived([&] { answer = checked_answer(status, bytes, size); })) {
      answer = error_answer(out_of_memory().error().message);
    }
    what = found.slot->complete(found.generation, std::move(answer));
  }
  if (what == Completion::late) late_completions_.fetch_add(1, std::memory_order_relaxed);
  if (what == Completion::repeated) double_completions_.fetch_add(1, std::memory_order_relaxed);
}

Answer PluginInstance::checked_answer(unsigned status, const std::uint8_t* data,
                                      std::size_t size) const {
  if (data == nullptr && size != 0) {
    return error_answer("the provider answered with no data but a size");
  }
  const ByteView bytes(data, size);
  // Values of enumerations are checked as numbers: in C any int fits into one.
  if (!is_status(status)) {
    return error_answer(fmt::format("the provider answered with the unknown status {}", status));
  }
  if (status != TRELLIS_OK) {
    auto answer = error_answer(as_text(bytes));
    answer.status = static_cast<trellis_status>(status);
    return answer;
  }
  if (bytes.size() > options_.response_bytes) {
    return error_answer(fmt::format("the provider's response has {} bytes; {} are allowed",
                                    bytes.size(), options_.response_bytes));
  }
  return {TRELLIS_OK, to_bytes(bytes)};
}

Answer PluginInstance::error_answer(std::string_view text) const {
  if (text.empty()) text = "the provider failed without saying why";
  // Texts of plugins may quote the values of a link, secrets included; they go to callers and onto
  // the wire.
  const auto cleaned = options_.redactor ? options_.redactor->clean(text) : std::string(text);
  return {TRELLIS_ERROR, to_bytes(clean_text(cleaned, limits::provider_text_bytes))};
}

bool PluginInstance::is_open(trellis_call call) const noexcept {
  const auto found = calls_.find(call);
  return found.slot != nullptr && found.slot->is_open(found.generation);
}

bool PluginInstance::cancelled(trellis_call call) const noexcept {
  if (stopping_.load()) return true;
  const auto found = calls_.find(call);
  // Numbers that mean nothing are cancelled: whoever asks had better stop.
  if (found.slot == nullptr) return true;
  const auto context = found.slot->context(found.generation);
  return !context || now() >= context->deadline;
}

}  // namespace trellis::provider
