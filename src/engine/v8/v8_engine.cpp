// The engine over V8, and the start of the process-wide runtime.
#include <v8.h>

#include <atomic>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "base/limits.hpp"
#include "engine/runtime.hpp"
#include "engine/v8/address_space.hpp"
#include "engine/v8/failure.hpp"
#include "engine/v8/isolate.hpp"
#include "engine/v8/trim.hpp"
#include "engine/v8/v8_module.hpp"
#include "engine/v8/v8_process.hpp"
#include "threads/guest_thread.hpp"
#include "trellis/engine.hpp"
#include "wasm/module_shape.hpp"

namespace trellis::engine {
namespace {

/// Compiles in an isolate made for the purpose: nothing of a module stays behind once its users
/// are gone. A few modules are compiled at one time, others wait. V8 itself begins with the first:
/// a host without actors has neither its memory nor its threads.
class V8Engine final : public Engine {
 public:
  V8Engine(RuntimeParts& parts, const EngineOptions& options) : parts_(parts), options_(options) {}

  Result<std::shared_ptr<const Module>> compile(ByteView module,
                                                const CompileLimits& limits) override try {
    // Bounded too: shaping copies the module.
    auto turn = parts_.compilations.enter(limits::compile_patience);
    if (!turn) return pass(turn);
    auto shape = wasm::shape_module(module, limits);
    if (!shape) return pass(shape);
    // Machine code is counted by its estimate before there is any: V8 ends the process when its own
    // room is used up.
    auto room = parts_.machine_code.take(shape->cost.machine_bytes + shape->capped.size());
    if (!room) return pass(room);
    const TrimAtEnd trim(shape->cost.max_compile_bytes);
    auto& process = running_process();
    auto compiled = compile_in_isolate(process, *shape);
    if (!compiled) return pass(compiled);
    shape->capped = {};  // the engine keeps a copy of its own
    return std::make_shared<V8Module>(parts_.shared_from_this(), process, limits, std::move(*shape),
                                      std::move(*compiled), std::move(*room));
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::limit, "compiling the module took more memory than there is",
                "give the process more memory, or start the actor elsewhere");
  }

 private:
  const V8Process& running_process() {
    std::call_once(begun_, [this] { process_.emplace(options_); });
    return *process_;
  }

  static Result<v8::CompiledWasmModule> compile_in_isolate(const V8Process& process,
                                                           const wasm::ModuleShape& shape) {
    // Its threads work on a function each; reservations for code are twice what is expected.
    const std::uint64_t work =
        std::uint64_t{2} * (shape.cost.machine_bytes + shape.cost.max_compile_bytes) +
        shape.capped.size();
    auto space = AddressSpace::take("compiling this module",
                                    {work, isolate_reservation, isolate_memory + work});
    if (!space) return pass(space);
    IsolateHolder holder(process);
    v8::Isolate* isolate = holder.get();
    const auto stack = guest_stack();
    const IsolateEntry entry(isolate, stack ? stack->lowest : 0);
    const auto context = v8::Context::New(isolate);
    const v8::Context::Scope context_scope(context);
    const v8::TryCatch thrown(isolate);
    v8::Local<v8::WasmModuleObject> object;
    const v8::MemorySpan<const std::uint8_t> bytes{shape.capped.data(), shape.capped.size()};
    if (!v8::WasmModuleObject::Compile(isolate, bytes).ToLocal(&object)) {
      return compile_error(holder, context, thrown);
    }
    return object->GetCompiledModule();
  }

  static std::unexpected<Error> compile_error(const IsolateHolder& holder,
                                              v8::Local<v8::Context> context,
                                              const v8::TryCatch& thrown) {
    if (thrown.HasTerminated() || holder.heap_exhausted()) {
      return fail(ErrorCode::limit, "compiling the module took too much memory");
    }
    auto text = describe_exception(holder.get(), context, thrown.Exception());
    return fail(ErrorCode::malformed, "not a valid WebAssembly module: " + text.message);
  }

  RuntimeParts& parts_;
  const EngineOptions options_;
  std::once_flag begun_;
  std::optional<V8Process> process_;  // written once, under begun_
};

/// V8 can be initialised once in a process: whoever makes the engine has it. `parts` will own it.
Result<std::unique_ptr<Engine>> start_v8_engine(RuntimeParts& parts, const EngineOptions& options) {
  static std::atomic_flag started;  // V8 is process-wide; docs/decisions.md names this exception
  if (started.test_and_set()) {
    return fail(ErrorCode::already_exists,
                "the WebAssembly engine was already started in this process",
                "make one EngineRuntime and pass it to every host");
  }
  return std::make_unique<V8Engine>(parts, options);
}

}  // namespace
}  // namespace trellis::engine

namespace trellis {

static_assert(EngineOptions{}.max_instances == limits::instances);

Result<std::shared_ptr<EngineRuntime>> EngineRuntime::start(const EngineOptions& options) {
  auto parts = std::make_shared<engine::RuntimeParts>(options.max_instances);
  auto made = engine::start_v8_engine(*parts, options);
  if (!made) return pass(made);
  parts->engine = std::move(*made);
  return engine::RuntimeAccess::wrap(std::move(parts));
}

}  // namespace trellis

namespace trellis {

std::string engine_version() {
  return std::string("V8 ") + v8::V8::GetVersion();
}

}  // namespace trellis
