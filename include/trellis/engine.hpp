// The WebAssembly runtime of the process. `main` (or an embedder) makes one and passes it to hosts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "trellis/result.hpp"

namespace trellis {

namespace engine {
class RuntimeAccess;
struct RuntimeParts;
}  // namespace engine

/// Process-wide settings; caps of single guests are options of the host.
struct EngineOptions {
  /// Catch out-of-bounds memory accesses of guests by a SIGSEGV handler instead of by checks in
  /// their code. The handler acts only on faults inside guest code and hands all others on to the
  /// handler installed before it; an embedder that installs its own later must do the same. It is
  /// installed when the first module is compiled. Each
  /// instance then reserves 10 GiB of address space. Off: guests are slower, but nothing touches
  /// signals and an instance reserves its memory cap only.
  bool trap_handler = true;
  /// Instances alive at one time in the process; creating one more fails with ErrorCode::limit.
  std::size_t max_instances = 1000;
  /// Backstops of the engine; a module's own caps are set when it is compiled.
  std::uint32_t max_memory_pages = 65536;
  std::uint32_t max_table_elements = 10000;
};

/// Name and version of the engine below: "V8 10.2.154.26". Any thread.
[[nodiscard]] std::string engine_version();

/// Opaque handle of the engine, its watchdog thread and the count of instances.
///
/// The engine below (V8) can be started once per process and never again: this is the one named
/// exception to "no global state". Compiled modules and instances keep what they need of it alive,
/// so the order of destruction is free. Any thread.
class EngineRuntime {
 public:
  /// Makes the engine. V8 itself, with its threads and signal handler, begins when the first module
  /// is compiled. A second start, even after the first runtime is gone, fails with
  /// ErrorCode::already_exists.
  [[nodiscard]] static Result<std::shared_ptr<EngineRuntime>> start(
      const EngineOptions& options = {});

  ~EngineRuntime();
  EngineRuntime(const EngineRuntime&) = delete;
  EngineRuntime& operator=(const EngineRuntime&) = delete;

  /// Instances alive now.
  [[nodiscard]] std::size_t instances() const noexcept;

 private:
  friend class engine::RuntimeAccess;
  explicit EngineRuntime(std::shared_ptr<engine::RuntimeParts> parts) noexcept;

  std::shared_ptr<engine::RuntimeParts> parts_;
};

}  // namespace trellis
