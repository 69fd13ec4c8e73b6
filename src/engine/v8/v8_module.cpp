#include "engine/v8/v8_module.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/call_limits.hpp"
#include "engine/v8/address_space.hpp"
#include "engine/v8/v8_instance.hpp"
#include "threads/guest_thread.hpp"

namespace trellis::engine {
namespace {

constexpr std::uint64_t page_bytes = 64 * limits::kib;

/// How an end of the start section fails the instantiation.
Result<void> outcome_of_start(const CallResult& ended) {
  switch (ended.end) {
    case CallEnd::returned: return {};
    case CallEnd::interrupted:
      return fail(ErrorCode::deadline, "the start section did not finish in time");
    case CallEnd::exhausted:
    case CallEnd::refused: return fail(ErrorCode::limit, ended.text);
    case CallEnd::exited:
      return fail(ErrorCode::guest_failed,
                  fmt::format("[trap] exit with code {} in the start section", ended.value));
    case CallEnd::trapped: break;
  }
  return fail(ErrorCode::guest_failed, ended.text);
}

}  // namespace

V8Module::V8Module(std::shared_ptr<RuntimeParts> parts, const V8Process& process,
                   const CompileLimits& limits, wasm::ModuleShape shape,
                   v8::CompiledWasmModule compiled, MachineCodeBudget::Share room)
    : parts_(std::move(parts)),
      process_(process),
      limits_(limits),
      shape_(std::move(shape)),
      trim_(shape_.cost.max_compile_bytes),
      room_(std::move(room)),
      compiled_(std::move(compiled)) {}

Result<void> V8Module::check_imports(const InstantiateOptions& options) const {
  // Host functions read their arguments by their own signature and without looking, so that it must
  // be the module's.
  if (options.imports.size() != shape_.imports.size()) {
    return fail(ErrorCode::invalid_argument, "the table of imports does not fit the module");
  }
  for (std::size_t i = 0; i < shape_.imports.size(); ++i) {
    const Import& wanted = shape_.imports[i];
    if (options.imports[i]->signature != wanted.signature) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("import {}.{} has another type than the host function", wanted.module,
                              wanted.name));
    }
  }
  return {};
}

Result<std::unique_ptr<Instance>> V8Module::instantiate(const InstantiateOptions& options) const {
  if (auto thread = V8Instance::check_stack(); !thread) return pass(thread);
  if (auto fits = check_imports(options); !fits) return pass(fits);
  auto slot = InstanceSlot::take(parts_);
  if (!slot) return pass(slot);

  std::unique_ptr<V8Instance> instance;
  // Address space is held while isolate and memory are made, and given back before guest code runs:
  // a start section may take its time.
  {
    const std::uint64_t memory =
        process_.trap_handler() ? trap_handler_reservation : limits_.memory_pages * page_bytes;
    auto room = AddressSpace::take("another guest", {memory, isolate_reservation, isolate_memory});
    if (!room) return pass(room);
    instance = std::make_unique<V8Instance>(*parts_, process_, std::move(*slot), options.context);
    if (auto linked = instance->link(compiled_, shape_, options); !linked) return pass(linked);
  }
  if (shape_.has_start) {
    auto started = outcome_of_start(instance->run_start(options.deadline));
    if (!started) return pass(started);
  }
  return instance;
}

}  // namespace trellis::engine
