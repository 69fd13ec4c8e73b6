// A module compiled by V8, shared by its instances.
#pragma once

#include <v8.h>

#include <memory>

#include "engine/compile_budget.hpp"
#include "engine/engine.hpp"
#include "engine/runtime.hpp"
#include "engine/v8/trim.hpp"
#include "engine/v8/v8_process.hpp"
#include "wasm/module_shape.hpp"

namespace trellis::engine {

class V8Module final : public Module {
 public:
  V8Module(std::shared_ptr<RuntimeParts> parts, const V8Process& process,
           const CompileLimits& limits, wasm::ModuleShape shape, v8::CompiledWasmModule compiled,
           MachineCodeBudget::Share room);

  [[nodiscard]] std::span<const Import> imports() const noexcept override { return shape_.imports; }
  [[nodiscard]] std::span<const Export> exports() const noexcept override { return shape_.exports; }
  [[nodiscard]] Result<std::unique_ptr<Instance>> instantiate(
      const InstantiateOptions& options) const override;

 private:
  [[nodiscard]] Result<void> check_imports(const InstantiateOptions& options) const;

  std::shared_ptr<RuntimeParts> parts_;
  const V8Process& process_;  ///< part of parts_->engine
  CompileLimits limits_;
  wasm::ModuleShape shape_;
  const TrimAtEnd trim_;
  MachineCodeBudget::Share room_;  ///< given back after the code is gone
  v8::CompiledWasmModule compiled_;
};

}  // namespace trellis::engine
