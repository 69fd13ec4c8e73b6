#include "wapc/guest.hpp"

#include <fmt/format.h>

#include <utility>

#include "engine/runtime.hpp"
#include "wapc/guest_instance.hpp"
#include "wapc/imports.hpp"

namespace trellis::wapc {
namespace {

using engine::ExportKind;

/// Module that is compiled once and makes instances. Immutable; any thread.
class SharedModule final : public GuestModule {
 public:
  explicit SharedModule(std::shared_ptr<GuestBlueprint> blueprint)
      : blueprint_(std::move(blueprint)) {}

  Result<std::unique_ptr<Guest>> instantiate(HostCalls& during_init) const override {
    auto guest = std::make_unique<GuestInstance>(blueprint_);
    if (auto done = guest->initialise(during_init); !done) return pass(done);
    return guest;
  }

 private:
  std::shared_ptr<GuestBlueprint> blueprint_;
};

/// Finds the host's function for each import, in the order of the module.
Result<void> link_imports(GuestBlueprint& blueprint) {
  // Imports are resolved when the module is loaded: what is missing refuses the start by its name,
  // and no call later (contracts.md 1.1).
  for (const engine::Import& wanted : blueprint.module->imports()) {
    auto function = resolve_import(wanted);
    if (!function) return pass(function);
    blueprint.imports.push_back(*function);
  }
  return {};
}

/// Looks for what waPC needs of a module (contracts.md 1.2), and notes what it has.
Result<void> check_exports(GuestBlueprint& blueprint) {
  const engine::Module& module = *blueprint.module;
  // Exports may be missing, but for __guest_call and memory; one of another type is refused,
  // because it would be called with arguments it does not take.
  for (std::size_t slot = 0; slot < slot_names.size(); ++slot) {
    const auto* found = module.find_export(slot_names[slot], ExportKind::function);
    if (found == nullptr) continue;
    const std::string_view expected = slot == guest_call_slot ? "ii:i" : ":";
    if (found->signature != expected) {
      return fail(ErrorCode::unsupported,
                  fmt::format("module exports function {} as {}; its type must be {}",
                              slot_names[slot], wasm::describe_signature(found->signature),
                              wasm::describe_signature(expected)));
    }
    blueprint.present[slot] = true;
  }
  if (!blueprint.present[guest_call_slot]) {
    return fail(ErrorCode::unsupported,
                "Could not find __guest_call function in WebAssembly module",
                "build the module with a waPC guest library");
  }
  if (module.find_export("memory", ExportKind::memory) == nullptr) {
    return fail(ErrorCode::unsupported, "Could not find the memory export in WebAssembly module",
                "export the module's memory under the name 'memory'");
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const GuestModule>> GuestModule::compile(EngineRuntime& runtime,
                                                                ByteView module,
                                                                const GuestLimits& limits,
                                                                const GuestSystem& system) {
  auto compiled = engine::RuntimeAccess::parts(runtime)->engine->compile(
      module, {.memory_pages = limits.memory_pages,
               .table_elements = limits.table_elements,
               .module_bytes = limits.module_bytes});
  if (!compiled) return pass(compiled);
  auto blueprint = std::make_shared<GuestBlueprint>();
  blueprint->module = std::move(*compiled);
  blueprint->limits = limits;
  blueprint->system.clock = system.clock != nullptr ? system.clock : &blueprint->own_clock;
  blueprint->system.random = system.random != nullptr ? system.random : &blueprint->own_random;
  if (auto linked = link_imports(*blueprint); !linked) return pass(linked);
  if (auto fits = check_exports(*blueprint); !fits) return pass(fits);
  return std::make_shared<SharedModule>(std::move(blueprint));
}

}  // namespace trellis::wapc
