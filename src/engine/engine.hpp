// The WebAssembly seam: Engine -> Module -> Instance, and the functions a guest may import. What
// stands behind it is V8 (engine/v8) or a guest compiled natively (engine/null).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/watchdog.hpp"
#include "trellis/bytes.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"
#include "wasm/module_types.hpp"

namespace trellis::engine {

// Names of a module's parts, taken from the layer that reads them.
using wasm::CompileLimits;
using wasm::Export;
using wasm::ExportKind;
using wasm::Import;
using wasm::SignatureText;

/// A window onto guest memory. Valid until guest code runs again: growing memory moves it.
/// All checks are in 64 bits; a range of length 0 is always valid, wherever it points.
class GuestMemory {
 public:
  GuestMemory() = default;
  GuestMemory(std::uint8_t* base, std::uint64_t size) noexcept : base_(base), size_(size) {}

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] bool contains(std::uint32_t pointer, std::uint64_t length) const noexcept {
    return length == 0 || (length <= size_ && pointer <= size_ - length);
  }
  /// Nothing when the range leaves the memory.
  [[nodiscard]] std::optional<ByteView> view(std::uint32_t pointer,
                                             std::uint64_t length) const noexcept;
  /// False, and nothing written, when the range leaves the memory.
  [[nodiscard]] bool write(std::uint32_t pointer, ByteView bytes) const noexcept;
  /// Little-endian scalars; nothing or false when out of range.
  [[nodiscard]] std::optional<std::uint32_t> read_u32(std::uint32_t pointer) const noexcept;
  [[nodiscard]] std::optional<std::uint64_t> read_u64(std::uint32_t pointer) const noexcept;
  [[nodiscard]] bool write_u16(std::uint32_t pointer, std::uint16_t value) const noexcept;
  [[nodiscard]] bool write_u32(std::uint32_t pointer, std::uint32_t value) const noexcept;
  [[nodiscard]] bool write_u64(std::uint32_t pointer, std::uint64_t value) const noexcept;
  /// Writable bytes of a range; nothing when it leaves the memory.
  [[nodiscard]] std::optional<std::span<std::uint8_t>> writable(
      std::uint32_t pointer, std::uint64_t length) const noexcept;

 private:
  std::uint8_t* base_ = nullptr;
  std::uint64_t size_ = 0;
};

/// How an entry into a guest ended.
enum class CallEnd : std::uint8_t {
  returned,     ///< `value` is the result, 0 for functions without one
  trapped,      ///< `text` starts with "[trap] "
  exited,       ///< the guest asked to end (HostCall::exit); `value` is its code
  interrupted,  ///< the deadline passed and the guest was stopped
  exhausted,    ///< the guest used up memory that the engine keeps for it; `text` says which
  refused,      ///< the guest was not entered: wrong thread or too little native stack; `text`
};

struct CallResult {
  CallEnd end = CallEnd::returned;
  std::uint32_t value = 0;
  std::string text{};
};

/// Call of a host function, as that function sees it. Lives on the stack of that call.
class HostCall {
 public:
  static constexpr std::size_t max_arguments = 9;  ///< WASI's path_open

  virtual ~HostCall() = default;
  HostCall(const HostCall&) = delete;
  HostCall& operator=(const HostCall&) = delete;

  [[nodiscard]] std::uint32_t u32(std::size_t index) const noexcept {
    return static_cast<std::uint32_t>(arguments_[index]);
  }
  [[nodiscard]] std::uint64_t u64(std::size_t index) const noexcept { return arguments_[index]; }
  /// Context that was given in InstantiateOptions.
  [[nodiscard]] void* context() const noexcept { return context_; }
  /// The memory as it is now; empty when the guest exports none under the name `memory` (a start
  /// section runs before exports can be seen).
  [[nodiscard]] virtual GuestMemory memory() noexcept = 0;

  /// Sets the i32 result; without it the result is 0.
  void result(std::uint32_t value) noexcept { result_ = value; }
  /// Ends the guest when the host function returns. `text` comes back in CallResult::text behind
  /// "[trap] ". The first of trap/exit/stop wins.
  void trap(std::string_view text);
  /// Ends the guest as proc_exit does.
  void exit(std::uint32_t code) noexcept;
  /// Ends the guest because there was no memory for what it asked.
  void exhaust() noexcept;
  /// Ends the guest because its deadline passed while the host function ran.
  void stop() noexcept;

 protected:
  HostCall(CallResult& outcome, void* context) noexcept : outcome_(outcome), context_(context) {}
  [[nodiscard]] bool ended() const noexcept { return outcome_.end != CallEnd::returned; }

  std::array<std::uint64_t, max_arguments> arguments_{};
  std::uint32_t result_ = 0;

 private:
  CallResult& outcome_;
  void* context_;
};

/// An entry of a host function table; tables are constant and outlive every module.
struct HostFunction {
  std::string_view name;
  std::string_view signature;  ///< i and I as parameters, at most one i as result
  /// May throw where memory is short; the engine ends that call of the guest then.
  void (*run)(HostCall&);
};

/// One instance. One call at a time; it may be entered by one GuestThread after another as long as
/// the owner hands it over under a lock of its own. Destroy it outside of calls, on any thread.
class Instance : public Interruptible {
 public:
  ~Instance() override = default;

  /// Calls the function at `slot` of InstantiateOptions::functions with i32 arguments and stops it
  /// at `deadline`. Only from a GuestThread; anything else comes back as `refused`. After any end
  /// but `returned`, `refused` and (by the owner's choice) `exited` the instance must be dropped.
  [[nodiscard]] virtual CallResult call(std::size_t slot, std::span<const std::uint32_t> arguments,
                                        SteadyTime deadline) = 0;

  /// Housekeeping when the instance goes back to its pool. GuestThreads only.
  virtual void idle() noexcept = 0;

  /// Stops the guest at its next function entry or loop; harmless when none runs. Any thread.
  void interrupt() noexcept override = 0;
};

struct InstantiateOptions {
  /// One per Module::imports(), in that order, with equal signatures (checked).
  std::span<const HostFunction* const> imports;
  /// Exported functions call() will use, by slot. Ones the module lacks must not be called.
  std::span<const std::string_view> functions;
  void* context = nullptr;  ///< for HostCall::context()
  SteadyTime deadline{};    ///< for the start section
};

/// A compiled module. Immutable; any thread.
class Module {
 public:
  virtual ~Module() = default;
  [[nodiscard]] virtual std::span<const Import> imports() const noexcept = 0;
  [[nodiscard]] virtual std::span<const Export> exports() const noexcept = 0;
  [[nodiscard]] const Export* find_export(std::string_view name, ExportKind kind) const noexcept;

  /// Makes an instance and runs the start section. Only from a GuestThread.
  /// Fails with limit (too many instances), unavailable (no address space), deadline, guest_failed
  /// (the start section trapped; text as in CallResult), invalid_argument (wrong thread, imports
  /// that do not fit).
  [[nodiscard]] virtual Result<std::unique_ptr<Instance>> instantiate(
      const InstantiateOptions& options) const = 0;
};

/// Makes modules. Any thread.
class Engine {
 public:
  virtual ~Engine() = default;
  /// Validates and compiles. Fails with limit (module, memory or table above its cap), unsupported
  /// (imports that are not functions; shared, 64-bit or several memories), malformed.
  [[nodiscard]] virtual Result<std::shared_ptr<const Module>> compile(
      ByteView module, const CompileLimits& limits) = 0;
};

}  // namespace trellis::engine
