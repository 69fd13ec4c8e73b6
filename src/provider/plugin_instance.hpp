// One provider instance seen from the C ABI: what trellis_host_ctx points to.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.hpp"
#include "provider/async_dispatches.hpp"
#include "provider/call_table.hpp"
#include "provider/executor.hpp"
#include "provider/provider.hpp"
#include "threads/gate.hpp"
#include "threads/serial_gate.hpp"
#include "threads/thread_group.hpp"
#include "trellis/provider.h"

/// Opaque to plugins.
struct trellis_host_ctx {};

namespace trellis::provider {

/// The host functions a plugin gets; the same for all instances (host_table.cpp).
[[nodiscard]] const trellis_host_v1& host_table() noexcept;

/// Joins the two sides: callers on one (call), the plugin on the other (complete, dispatch, …).
/// Any thread. It is destroyed only when no thread of the plugin can use it any more; after an
/// overdue stop that is never (keep_forever).
///
/// Parts: calls.cpp (towards the plugin), dispatch.cpp (from the plugin), lifecycle.cpp.
class PluginInstance final : public trellis_host_ctx {
 public:
  PluginInstance(std::shared_ptr<const Plugin> plugin, Options options,
                 std::shared_ptr<Dispatcher> dispatcher, std::shared_ptr<const Clock> clock,
                 Log log);
  ~PluginInstance() { release_memory(std::numeric_limits<std::uint64_t>::max()); }
  PluginInstance(const PluginInstance&) = delete;
  PluginInstance& operator=(const PluginInstance&) = delete;

  // --- for the host; see Provider -------------------------------------------------------------
  /// Makes the plugin's instance. On failure `self` may be kept for ever, see keep_forever.
  Result<void> create(const std::shared_ptr<PluginInstance>& self);
  Result<Bytes> call(const CallContext& caller, std::string_view origin, std::string_view operation,
                     ByteView payload);
  bool stop(const std::shared_ptr<PluginInstance>& self, SteadyTime deadline);
  [[nodiscard]] Statistics statistics() const noexcept;
  [[nodiscard]] const Plugin& plugin() const noexcept { return *plugin_; }
  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] SteadyTime now() const noexcept { return clock_->steady(); }
  [[nodiscard]] bool stopping() const noexcept { return stopping_.load(); }

  // --- for the plugin; see trellis_host_v1. Arguments are checked here -------------------------
  void complete(trellis_call call, unsigned status, const std::uint8_t* bytes, std::size_t size);
  [[nodiscard]] bool cancelled(trellis_call call) const noexcept;
  Result<Bytes> dispatch(trellis_call parent, const trellis_view& actor,
                         const trellis_view& operation, const trellis_view& payload,
                         std::int64_t timeout_ns);
  void dispatch_async(trellis_call parent, const trellis_view& actor, const trellis_view& operation,
                      const trellis_view& payload, std::int64_t timeout_ns,
                      trellis_dispatch_done done, void* user);
  Result<void> spawn_thread(const trellis_view& name, void (*fn)(void*), void* arg,
                            const trellis_thread_hooks* hooks);
  void log(unsigned level, const trellis_view& target, const trellis_view& text);
  [[nodiscard]] bool reserve_memory(std::uint64_t bytes) noexcept;
  void release_memory(std::uint64_t bytes) noexcept;

 private:
  /// A dispatch ready to be handed over.
  struct Outgoing {
    std::optional<CallContext> parent;
    std::string_view actor;
    std::string_view operation;
    ByteView payload;
    SteadyTime deadline;
    [[nodiscard]] const CallContext* context() const { return parent ? &*parent : nullptr; }
  };

  // calls.cpp
  Result<Bytes> call_inline(const CallTable::Open& open, const CallContext& caller,
                            const trellis_call_info& info);
  Result<Bytes> call_executor(const CallTable::Open& open, const CallContext& caller,
                              const trellis_call_info& info);
  Result<void> enter_gate(const CallContext& caller);
  [[nodiscard]] bool is_open(trellis_call call) const noexcept;
  std::unexpected<Error> refuse_busy(std::string_view why);
  void run_job(const Job& job);
  void run_plugin(trellis_call number, const trellis_call_info& info) noexcept;
  void plugin_threw(trellis_call number, std::string_view what);
  Result<Bytes> wait(const CallTable::Open& open, SteadyTime deadline, std::string_view operation);
  Result<Bytes> finish(const CallTable::Open& open);
  Result<Bytes> drop(const CallTable::Open& open, std::unexpected<Error> error);
  [[nodiscard]] Answer checked_answer(unsigned status, const std::uint8_t* data,
                                      std::size_t size) const;
  [[nodiscard]] Answer error_answer(std::string_view text) const;

  // dispatch.cpp
  Result<Outgoing> prepare(trellis_call parent, const trellis_view& actor,
                           const trellis_view& operation, const trellis_view& payload,
                           std::int64_t timeout_ns) const;
  Result<std::optional<CallContext>> parent_context(trellis_call parent) const;

  // lifecycle.cpp
  void retire(SteadyTime deadline);
  [[nodiscard]] bool still_stopping() const;
  [[nodiscard]] bool quiet() const;
  [[nodiscard]] bool wait_until(bool (PluginInstance::*condition)() const,
                                SteadyTime deadline) const;
  [[nodiscard]] bool no_call_inside() const;
  void keep_forever(const std::shared_ptr<PluginInstance>& self);
  [[nodiscard]] std::string why_create_failed();

  static constexpr std::string_view host_origin = "system";  // contracts.md 2.3, 2.4
  [[nodiscard]] bool nonblocking() const noexcept {
    return (table_.flags & TRELLIS_PROVIDER_NONBLOCKING) != 0;
  }
  /// Calls of actors only: what the host asks may begin with a search for an address.
  [[nodiscard]] bool waits_on_callers_thread(std::string_view origin) const noexcept {
    constexpr auto both = TRELLIS_PROVIDER_KEEPS_DEADLINES | TRELLIS_PROVIDER_CONCURRENT;
    return (table_.flags & both) == both && origin != host_origin;
  }
  [[nodiscard]] bool concurrent() const noexcept {
    return (table_.flags & TRELLIS_PROVIDER_CONCURRENT) != 0;
  }

  const std::shared_ptr<const Plugin> plugin_;
  const trellis_provider_table& table_;
  const Options options_;
  const std::shared_ptr<Dispatcher> dispatcher_;
  const std::shared_ptr<const Clock> clock_;
  const Log log_;
  void* instance_ = nullptr;  ///< written before the first call

  std::atomic<bool> stopping_{false};
  /// Threads of the plugin that are inside the host's code and may use the dispatcher.
  mutable Gate host_calls_;
  std::atomic<std::size_t> reserved_{0};  ///< bytes of options_.memory
  std::atomic<std::uint64_t> timeouts_{0};
  std::atomic<std::uint64_t> late_completions_{0};
  std::atomic<std::uint64_t> double_completions_{0};
  std::atomic<std::uint64_t> refused_busy_{0};

  CallTable calls_;
  SerialGate gate_;
  const std::shared_ptr<AsyncDispatches> async_ = std::make_shared<AsyncDispatches>();

  enum class Life { running, stopping, gone, abandoned };
  mutable Mutex life_mutex_;
  Condition life_changed_;
  Life life_ GUARDED_BY(life_mutex_) = Life::running;
  std::string last_complaint_ GUARDED_BY(life_mutex_);  ///< latest warning or error text
  std::atomic<bool> creating_{true};                    ///< while set, complaints are remembered
  std::shared_ptr<PluginInstance> self_;                ///< set by keep_forever

  // Last, so that they are destroyed first: their threads use everything above.
  ThreadGroup host_threads_;  ///< of spawn_thread
  ThreadGroup stop_thread_;
  Executor executor_;
};

}  // namespace trellis::provider
