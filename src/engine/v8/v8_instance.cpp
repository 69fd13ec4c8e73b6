#include "engine/v8/v8_instance.hpp"

#include <array>
#include <string>
#include <utility>

#include "base/guard.hpp"
#include "engine/v8/failure.hpp"
#include "threads/guest_thread.hpp"

namespace trellis::engine {
namespace {

// Native stack that must be left where a guest is entered: V8's part of it and ours.
constexpr std::uintptr_t stack_to_enter = stack_per_entry + stack_reserve;
// Calls of an instance from one look at V8's tasks to the next.
constexpr unsigned calls_per_pump = 64;
constexpr std::size_t max_arguments = 4;

/// Error for an instantiation that failed: for want of memory or addresses, or by the guest.
std::unexpected<Error> link_error(const IsolateHolder& isolate, v8::Local<v8::Context> context,
                                  const v8::TryCatch& thrown) {
  // Watchdog does not look here, so that only the heap's callback can have terminated anything.
  if (thrown.HasTerminated() || isolate.heap_exhausted()) {
    return fail(ErrorCode::limit, "the guest's tables and references take too much memory");
  }
  const auto text = describe_exception(isolate.get(), context, thrown.Exception());
  if (text.kind == "RangeError") {
    return fail(ErrorCode::unavailable, "cannot create the guest: " + text.message,
                "fewer instances, or more memory and address space");
  }
  return fail(ErrorCode::guest_failed, trap_text(text));
}

}  // namespace

/// The call of one imported function, on the stack of on_import.
class V8Instance::ImportCall final : public HostCall {
 public:
  ImportCall(const v8::FunctionCallbackInfo<v8::Value>& info, V8Instance& instance,
             std::string_view signature)
      : HostCall(*instance.outcome_, instance.host_context_), info_(info), instance_(instance) {
    // The types were checked against the module's when it was linked.
    for (int i = 0; signature[static_cast<std::size_t>(i)] != ':'; ++i) {
      const auto at = static_cast<std::size_t>(i);
      arguments_[at] = signature[at] == 'i'
                           ? static_cast<std::uint32_t>(info[i].As<v8::Int32>()->Value())
                           : info[i].As<v8::BigInt>()->Uint64Value();
    }
  }

  GuestMemory memory() noexcept override {
    if (instance_.memory_.IsEmpty()) return {};
    const auto object = v8::Local<v8::WasmMemoryObject>::New(info_.GetIsolate(), instance_.memory_);
    const auto buffer = object->Buffer();  // afresh: growing replaces it
    return {static_cast<std::uint8_t*>(buffer->Data()), buffer->ByteLength()};
  }

  /// True when the guest may go on.
  [[nodiscard]] bool finish(bool has_result) {
    if (ended()) return false;
    if (has_result) info_.GetReturnValue().Set(static_cast<std::int32_t>(result_));
    return true;
  }

 private:
  const v8::FunctionCallbackInfo<v8::Value>& info_;
  V8Instance& instance_;
};

V8Instance::V8Instance(RuntimeParts& parts, const V8Process& process, InstanceSlot slot,
                       void* context)
    : parts_(parts),
      slot_(std::move(slot)),
      isolate_(process),
      watch_(*this),
      host_context_(context) {}

V8Instance::~V8Instance() {
  // Handles belong to the isolate and are given back inside of it, on whatever thread this is.
  const auto stack = guest_stack();
  const IsolateEntry entry(isolate_.get(), stack ? stack->lowest : 0);
  functions_.clear();
  start_.Reset();
  memory_.Reset();
  context_.Reset();
}

Result<std::uintptr_t> V8Instance::check_stack() {
  const auto stack = guest_stack();
  if (!stack) {
    return fail(ErrorCode::invalid_argument, "guests can be entered from a GuestThread only",
                "hand the call over to a worker thread of the host");
  }
  // Address of this frame stands for the stack pointer.
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  if (here < stack->lowest + stack_to_enter) {
    return fail(ErrorCode::limit, "call chain too deep",
                "guests call each other in too many levels for the stack of one thread");
  }
  return stack->lowest;
}

Result<void> V8Instance::link(const v8::CompiledWasmModule& compiled,
                              const wasm::ModuleShape& shape, const InstantiateOptions& options) {
  const auto lowest = check_stack();
  if (!lowest) return pass(lowest);
  v8::Isolate* isolate = isolate_.get();
  const IsolateEntry entry(isolate, *lowest);
  const auto context = v8::Context::New(isolate);
  const v8::Context::Scope context_scope(context);
  context_.Reset(isolate, context);
  const v8::TryCatch thrown(isolate);

  // Constructor of the script's world is called, because V8 has no other way to make an instance
  // with imports.
  v8::Local<v8::Value> names;
  v8::Local<v8::Value> constructor;
  v8::Local<v8::WasmModuleObject> module;
  v8::Local<v8::Object> imports;
  v8::Local<v8::Value> instance;
  if (!context->Global()->Get(context, v8_string(isolate, "WebAssembly")).ToLocal(&names) ||
      !names->IsObject() ||
      !names.As<v8::Object>()->Get(context, v8_string(isolate, "Instance")).ToLocal(&constructor) ||
      !constructor->IsFunction() ||
      !v8::WasmModuleObject::FromCompiledModule(isolate, compiled).ToLocal(&module) ||
      !import_object(context, shape, options).ToLocal(&imports)) {
    return link_error(isolate_, context, thrown);
  }
  std::array<v8::Local<v8::Value>, 2> arguments{module, imports};
  if (!constructor.As<v8::Function>()
           ->NewInstance(context, static_cast<int>(arguments.size()), arguments.data())
           .ToLocal(&instance) ||
      !keep_exports(context, instance.As<v8::Object>(), shape, options)) {
    return link_error(isolate_, context, thrown);
  }
  return {};
}

v8::MaybeLocal<v8::Object> V8Instance::import_object(v8::Local<v8::Context> context,
                                                     const wasm::ModuleShape& shape,
                                                     const InstantiateOptions& options) {
  v8::Isolate* isolate = isolate_.get();
  const auto bare_object = [&] {  // names come from the guest: nothing may be inherited
    return v8::Object::New(isolate, v8::Null(isolate), nullptr, nullptr, 0);
  };
  const auto all = bare_object();
  // Reserved in full: V8 keeps pointers to the elements.
  bindings_.reserve(shape.imports.size());
  for (std::size_t i = 0; i < shape.imports.size(); ++i) {
    bindings_.push_back({this, options.imports[i]});
    const auto module = v8_string(isolate, shape.imports[i].module);
    v8::Local<v8::Value> fields;
    if (!all->Get(context, module).ToLocal(&fields)) return {};
    // Several imports share the object of their module.
    if (!fields->IsObject()) {
      fields = bare_object();
      if (all->CreateDataProperty(context, module, fields).IsNothing()) return {};
    }
    v8::Local<v8::Function> function;
    const auto data = v8::External::New(isolate, &bindings_.back());
    if (!v8::Function::New(context, on_import, data, 0, v8::ConstructorBehavior::kThrow)
             .ToLocal(&function)) {
      return {};
    }
    const auto name = v8_string(isolate, shape.imports[i].name);
    if (fields.As<v8::Object>()->CreateDataProperty(context, name, function).IsNothing()) return {};
  }
  return all;
}

bool V8Instance::keep_exports(v8::Local<v8::Context> context, v8::Local<v8::Object> instance,
                              const wasm::ModuleShape& shape, const InstantiateOptions& options) {
  v8::Isolate* isolate = isolate_.get();
  v8::Local<v8::Value> exports;
  if (!instance->Get(context, v8_string(isolate, "exports")).ToLocal(&exports)) return false;
  const auto get = [&](std::string_view name) -> v8::Local<v8::Value> {
    v8::Local<v8::Value> value;
    const auto found = exports.As<v8::Object>()->Get(context, v8_string(isolate, name));
    return found.ToLocal(&value) ? value : v8::Undefined(isolate).As<v8::Value>();
  };
  // Export that is missing leaves its handle empty, and enter() refuses to call it.
  const auto keep = [&](v8::Global<v8::Function>& where, std::string_view name) {
    if (const auto value = get(name); value->IsFunction()) {
      where.Reset(isolate, value.As<v8::Function>());
    }
  };
  if (const auto memory = get("memory"); memory->IsWasmMemoryObject()) {
    memory_.Reset(isolate, memory.As<v8::WasmMemoryObject>());
  }
  functions_.resize(options.functions.size());
  for (std::size_t i = 0; i < functions_.size(); ++i) keep(functions_[i], options.functions[i]);
  if (shape.has_start) keep(start_, wasm::start_export);
  return true;
}

CallResult V8Instance::run_start(SteadyTime deadline) {
  return enter(start_, {}, deadline);
}

CallResult V8Instance::call(std::size_t slot, std::span<const std::uint32_t> arguments,
                            SteadyTime deadline) {
  return enter(functions_[slot], arguments, deadline);
}

CallResult V8Instance::enter(const v8::Global<v8::Function>& function,
                             std::span<const std::uint32_t> arguments, SteadyTime deadline) {
  CallResult outcome;
  const auto lowest = check_stack();
  // Refused before anything is entered: the instance stays as it is, and usable.
  if (!lowest || outcome_ != nullptr || function.IsEmpty() || arguments.size() > max_arguments) {
    outcome.end = CallEnd::refused;
    outcome.text = !lowest               ? lowest.error().message
                   : outcome_ != nullptr ? "the instance is already executing a call"
                                         : "no such function, or too many arguments";
    return outcome;
  }
  v8::Isolate* isolate = isolate_.get();
  const IsolateEntry entry(isolate, *lowest);
  const auto context = v8::Local<v8::Context>::New(isolate, context_);
  const v8::Context::Scope context_scope(context);
  // Imports put the end of a call where outcome_ points; null says that none is under way.
  const Restore under_way(outcome_, &outcome);
  try {
    run(context, v8::Local<v8::Function>::New(isolate, function), arguments, deadline, outcome);
  } catch (const std::bad_alloc&) {
    outcome = {.end = CallEnd::exhausted, .text = out_of_memory().error().message};
  }
  return outcome;
}

void V8Instance::run(v8::Local<v8::Context> context, v8::Local<v8::Function> function,
                     std::span<const std::uint32_t> arguments, SteadyTime deadline,
                     CallResult& outcome) {
  v8::Isolate* isolate = isolate_.get();
  v8::TryCatch thrown(isolate);
  thrown.SetCaptureMessage(false);
  std::array<v8::Local<v8::Value>, max_arguments> values;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    values[i] = v8::Integer::New(isolate, static_cast<std::int32_t>(arguments[i]));
  }
  // After the Locker: it starts a thread's stay in the isolate without pending interrupts.
  parts_.watchdog.arm(watch_, deadline);
  const auto returned = function->Call(context, v8::Undefined(isolate),
                                       static_cast<int>(arguments.size()), values.data());
  const bool killed = parts_.watchdog.disarm(watch_);

  // Return counts only when nothing has ended the call: V8 may come back in order from a function
  // whose termination it has not noticed yet.
  v8::Local<v8::Value> value;
  if (!killed && outcome.end == CallEnd::returned && !isolate_.heap_exhausted() &&
      returned.ToLocal(&value)) {
    if (value->IsInt32())
      outcome.value = static_cast<std::uint32_t>(value.As<v8::Int32>()->Value());
    return;
  }
  if (killed) outcome = {.end = CallEnd::interrupted};
  conclude(context, thrown, outcome);
}

/// Everything but an ordinary return.
void V8Instance::conclude(v8::Local<v8::Context> context, const v8::TryCatch& thrown,
                          CallResult& outcome) {
  v8::Isolate* isolate = isolate_.get();
  const bool terminated = thrown.HasTerminated();
  // Termination is taken back in any case; else it would meet the next entry.
  isolate->CancelTerminateExecution();
  if (isolate_.heap_exhausted()) {
    outcome = {.end = CallEnd::exhausted,
               .text = "the guest's tables and references take too much memory"};
    return;
  }
  // Import that ended the call has said how.
  if (outcome.end != CallEnd::returned) return;
  if (terminated) {
    outcome.end = CallEnd::interrupted;
    return;
  }
  outcome.end = CallEnd::trapped;
  outcome.text = trap_text(describe_exception(isolate, context, thrown.Exception()));
}

void V8Instance::on_import(const v8::FunctionCallbackInfo<v8::Value>& info) {
  const auto& binding = *static_cast<const Binding*>(info.Data().As<v8::External>()->Value());
  V8Instance& instance = *binding.instance;
  const HostFunction& function = *binding.function;
  v8::Isolate* isolate = info.GetIsolate();
  // A guest may catch what is thrown below and go on; it only comes back here.
  if (instance.outcome_ != nullptr && instance.outcome_->end == CallEnd::returned) {
    ImportCall call(info, instance, function.signature);
    try {
      function.run(call);
    } catch (...) {  // there are frames of V8 above
      call.exhaust();
    }
    if (call.finish(function.signature.back() != ':')) return;
  }
  isolate->TerminateExecution();  // not to be caught, at the next loop or call
  isolate->ThrowException(v8::Undefined(isolate));
}

void V8Instance::idle() noexcept {
  // Locking costs more than most calls leave to do.
  if (++calls_since_pump_ < calls_per_pump) return;
  calls_since_pump_ = 0;
  const auto lowest = check_stack();
  if (!lowest) return;
  const IsolateEntry entry(isolate_.get(), *lowest);
  isolate_.pump();
}

}  // namespace trellis::engine
