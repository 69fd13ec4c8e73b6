// The waPC guest ABI over an engine (contracts.md 1): a module compiled once, instances of it, and
// what they may ask the host during a call.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/call_limits.hpp"
#include "base/random.hpp"
#include "trellis/bytes.hpp"
#include "trellis/clock.hpp"
#include "trellis/engine.hpp"
#include "trellis/result.hpp"

namespace trellis::wapc {

/// Host, as a guest may ask it during a call. Called on the thread of that call, synchronously.
class HostCalls {
 public:
  virtual ~HostCalls() = default;
  /// The arguments may point into guest memory: they are valid until this returns, and copied by
  /// whoever keeps them longer. All text is valid UTF-8 and bounded. An error's message becomes the
  /// host error the guest reads. Must return by the deadline of the call (it is checked after).
  [[nodiscard]] virtual Result<Bytes> host_call(std::string_view binding, std::string_view ns,
                                                std::string_view operation, ByteView payload) = 0;
  /// Text for the host log at INFO (`__console_log`, standard output). Valid UTF-8, bounded.
  virtual void console_log(std::string_view text) noexcept = 0;
  /// Text the guest wrote to its standard error, or its abort message: WARN.
  virtual void error_log(std::string_view text) noexcept { console_log(text); }
};

/// Caps of one actor's instances. The defaults are those of base/limits.hpp.
struct GuestLimits {
  std::uint32_t memory_pages = limits::memory_pages;
  std::uint32_t table_elements = 10000;
  std::size_t module_bytes = limits::module_bytes;
  std::size_t payload_bytes = limits::payload_bytes;         ///< request; response bytes per call
  std::size_t error_bytes = limits::guest_error_bytes;       ///< the rest is cut
  std::size_t log_bytes = limits::guest_log_bytes_per_call;  ///< the rest is dropped and counted
  std::chrono::milliseconds init_timeout = limits::call_timeout;  ///< all of contracts.md 1.3
};

/// Machine, as WASI shows it (contracts.md 1.10). Must outlive the module; null means the operating
/// system's own.
struct GuestSystem {
  const Clock* clock = nullptr;
  Random* random = nullptr;
};

class Guest;

/// Compiled once per module hash and shared. Immutable; any thread.
class GuestModule {
 public:
  virtual ~GuestModule() = default;

  /// Compiles and checks imports, exports and their types. Errors name the module and function at
  /// fault: malformed, unsupported (an import this host lacks, another memory layout), limit.
  [[nodiscard]] static Result<std::shared_ptr<const GuestModule>> compile(
      EngineRuntime& runtime, ByteView module, const GuestLimits& limits = {},
      const GuestSystem& system = {});

  /// Makes an instance and runs its start section, `_start` or `_initialize`, and `wapc_init`.
  /// Only from an GuestThread. Errors: those of engine::Module::instantiate, and
  /// guest_failed with `Failed during starter initialization '<name>': <engine text>`.
  [[nodiscard]] virtual Result<std::unique_ptr<Guest>> instantiate(
      HostCalls& during_init) const = 0;
};

/// One instance. One call at a time (waPC is not re-entrant, contracts.md 1.8: a call made while
/// another is under way fails with busy); it may move between GuestThreads when the owner hands it
/// over under a lock. Destroy it outside of calls.
class Guest {
 public:
  virtual ~Guest() = default;

  /// One guest call (contracts.md 1.4). Only from an GuestThread. Errors, all beginning
  /// with `Guest call failure: ` when the guest was entered: guest_failed (its own error, a trap),
  /// deadline, limit (response too large, memory of the engine, native stack: `call chain too
  /// deep`). Refused without entering: limit (request too large), invalid_argument (wrong thread),
  /// busy (re-entered).
  [[nodiscard]] virtual Result<Bytes> call(std::string_view operation, ByteView payload,
                                           HostCalls& host, SteadyTime deadline) = 0;

  /// False after a trap, a kill or a limit: the owner must drop the instance (contracts.md 1.9).
  [[nodiscard]] virtual bool usable() const noexcept = 0;

  /// To be called when the instance goes back to its pool. GuestThreads only.
  virtual void idle() noexcept = 0;
};

}  // namespace trellis::wapc
