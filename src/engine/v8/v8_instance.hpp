// One guest: an isolate, the instance in it, and handles to what calls need.
#pragma once

#include <v8.h>

#include <memory>
#include <vector>

#include "engine/engine.hpp"
#include "engine/runtime.hpp"
#include "engine/v8/isolate.hpp"
#include "wasm/module_shape.hpp"

namespace trellis::engine {

class V8Instance final : public Instance {
 public:
  V8Instance(RuntimeParts& parts, const V8Process& process, InstanceSlot slot, void* context);
  ~V8Instance() override;

  /// Fails with invalid_argument on a thread that is no GuestThread, and with limit ("call chain
  /// too deep") when too little native stack is left for one more guest. Gives the lowest address.
  [[nodiscard]] static Result<std::uintptr_t> check_stack();

  /// Instantiates the module; once, before anything else. The start section has become an export.
  [[nodiscard]] Result<void> link(const v8::CompiledWasmModule& compiled,
                                  const wasm::ModuleShape& shape,
                                  const InstantiateOptions& options);
  [[nodiscard]] CallResult run_start(SteadyTime deadline);

  [[nodiscard]] CallResult call(std::size_t slot, std::span<const std::uint32_t> arguments,
                                SteadyTime deadline) override;
  void idle() noexcept override;
  void interrupt() noexcept override { isolate_.get()->TerminateExecution(); }

 private:
  /// Data that V8 hands to on_import.
  struct Binding {
    V8Instance* instance;
    const HostFunction* function;
  };
  class ImportCall;

  static void on_import(const v8::FunctionCallbackInfo<v8::Value>& info);

  [[nodiscard]] v8::MaybeLocal<v8::Object> import_object(v8::Local<v8::Context> context,
                                                         const wasm::ModuleShape& shape,
                                                         const InstantiateOptions& options);
  [[nodiscard]] bool keep_exports(v8::Local<v8::Context> context, v8::Local<v8::Object> instance,
                                  const wasm::ModuleShape& shape,
                                  const InstantiateOptions& options);
  [[nodiscard]] CallResult enter(const v8::Global<v8::Function>& function,
                                 std::span<const std::uint32_t> arguments, SteadyTime deadline);
  void run(v8::Local<v8::Context> context, v8::Local<v8::Function> function,
           std::span<const std::uint32_t> arguments, SteadyTime deadline, CallResult& outcome);
  void conclude(v8::Local<v8::Context> context, const v8::TryCatch& thrown, CallResult& outcome);

  RuntimeParts& parts_;  ///< kept alive by slot_
  InstanceSlot slot_;
  IsolateHolder isolate_;
  Watchdog::Entry watch_;
  void* const host_context_;
  v8::Global<v8::Context> context_;
  v8::Global<v8::WasmMemoryObject> memory_;
  v8::Global<v8::Function> start_;
  std::vector<v8::Global<v8::Function>> functions_;
  std::vector<Binding> bindings_;
  CallResult* outcome_ = nullptr;  ///< of the call under way
  unsigned calls_since_pump_ = 0;
};

}  // namespace trellis::engine
