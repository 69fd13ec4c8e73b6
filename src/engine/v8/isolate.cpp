#include "engine/v8/isolate.hpp"

#include <libplatform/libplatform.h>

#include <string>

#include "base/call_limits.hpp"

namespace trellis::engine {
namespace {

// Guest memory, code and tables of plain size live elsewhere; this holds V8's own objects for one
// guest, and what the guest can make V8 create (exceptions, references in tables).
constexpr std::size_t heap_bytes = 64 * limits::mib;
// Room in which V8 gets out of what it was doing, beyond the end of the heap; without it the
// process would end.
constexpr std::size_t heap_to_unwind = 16 * limits::mib;
// Tasks of one pump: whoever gives an instance back shall not work for it for long.
constexpr int tasks_per_pump = 16;

/// Isolate whose heap is bounded: guests can make V8 fill it.
v8::Isolate* make_isolate(const V8Process& process) {
  v8::Isolate::CreateParams params;
  params.array_buffer_allocator = process.allocator();
  params.constraints.ConfigureDefaultsFromHeapSize(0, heap_bytes);
  return v8::Isolate::New(params);
}

}  // namespace

IsolateHolder::IsolateHolder(const V8Process& process)
    : process_(process), isolate_(make_isolate(process)) {
  // Nothing runs by itself in an isolate, and no stack trace is collected for a trap: that costs
  // more than the call.
  isolate_->SetMicrotasksPolicy(v8::MicrotasksPolicy::kExplicit);
  isolate_->SetCaptureStackTraceForUncaughtExceptions(false);
  isolate_->AddNearHeapLimitCallback(near_heap_limit, this);
}

IsolateHolder::~IsolateHolder() {
  // Platform lets go first: it may hold tasks for this isolate.
  v8::platform::NotifyIsolateShutdown(&process_.platform(), isolate_);
  isolate_->Dispose();
}

std::size_t IsolateHolder::near_heap_limit(void* self, std::size_t current, std::size_t) {
  auto& holder = *static_cast<IsolateHolder*>(self);
  // Termination is asked for, and some heap granted in which it can come about: the limit unchanged
  // would end the process.
  holder.heap_exhausted_ = true;
  holder.isolate_->TerminateExecution();
  return current + heap_to_unwind;
}

void IsolateHolder::pump() noexcept {
  for (int i = 0; i < tasks_per_pump; ++i) {
    if (!v8::platform::PumpMessageLoop(&process_.platform(), isolate_)) return;
  }
}

v8::Local<v8::String> v8_string(v8::Isolate* isolate, std::string_view text) {
  return v8::String::NewFromUtf8(isolate, text.data(), v8::NewStringType::kInternalized,
                                 static_cast<int>(text.size()))
      .ToLocalChecked();  // fails above 512 MiB only; names are bounded
}

std::string to_text(v8::Isolate* isolate, v8::Local<v8::Value> value) {
  const v8::String::Utf8Value text(isolate, value);
  return *text == nullptr ? std::string()
                          : std::string(*text, static_cast<std::size_t>(text.length()));
}

}  // namespace trellis::engine
