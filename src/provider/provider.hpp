// A running provider instance, and the code behind it. The C ABI (include/trellis/provider.h) is
// spoken in this folder only; the host sees the two classes below.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/call_context.hpp"
#include "base/log.hpp"
#include "base/memory_budget.hpp"
#include "base/redactor.hpp"
#include "trellis/bytes.hpp"
#include "trellis/clock.hpp"
#include "trellis/result.hpp"

struct trellis_provider_table;

namespace trellis::provider {

/// Kind of thing on the machine that a link value names (trellis_local_kind).
enum class LocalKind : std::uint8_t { only, file, listen, port };

/// A link value that is for the operator of the machine to set (trellis_local_value).
struct LocalValue {
  std::string name;
  LocalKind kind = LocalKind::only;

  friend bool operator==(const LocalValue&, const LocalValue&) = default;
};

/// Description that a provider gives of itself (an archive's signed claims, where there are any,
/// win).
struct Description {
  std::string contract_id;
  std::string name;
  std::string vendor;
  std::string version;
  std::int32_t revision = 0;
  std::vector<LocalValue> local_values = {};
};

/// Kinds of a later revision are the strictest one.
[[nodiscard]] LocalKind local_kind_of(std::uint32_t kind) noexcept;

class Dispatcher;
class Provider;
struct Options;

/// Code of a provider: a loaded library or a table linked into the host. Immutable; any thread.
class Plugin {
 public:
  virtual ~Plugin() = default;
  [[nodiscard]] virtual const Description& description() const noexcept = 0;
  /// A second BindActor replaces the first (TRELLIS_PROVIDER_REBINDS).
  [[nodiscard]] virtual bool rebinds() const noexcept = 0;
  /// Its functions are null where instances live in processes of their own.
  [[nodiscard]] virtual const trellis_provider_table& table() const noexcept = 0;

 private:
  friend class Provider;
  /// Provider::create for this kind of plugin; `self` is this.
  [[nodiscard]] virtual Result<std::shared_ptr<Provider>> make(
      std::shared_ptr<const Plugin> self, Options options, std::shared_ptr<Dispatcher> dispatcher,
      std::shared_ptr<const Clock> clock, Log log) const = 0;
};

/// Loads a shared library and keeps it mapped until the process ends. Errors say what is wrong with
/// the file: not a library, no entry, the Rust plugin interface (contracts.md 4.1), another ABI.
[[nodiscard]] Result<std::shared_ptr<const Plugin>> open_plugin(const std::filesystem::path& path);
/// Wraps a table that is linked into the program; it must live until the process ends.
[[nodiscard]] Result<std::shared_ptr<const Plugin>> wrap_table(const trellis_provider_table& table);

/// Calls from a provider towards actors; implemented by the host. Any thread, blocks.
class Dispatcher {
 public:
  virtual ~Dispatcher() = default;
  /// `parent` is null when the provider acts on its own. `deadline` is already bounded by it.
  [[nodiscard]] virtual Result<Bytes> dispatch(const CallContext* parent, std::string_view actor,
                                               std::string_view operation, ByteView payload,
                                               SteadyTime deadline) = 0;
  /// Dispatches likewise, on a thread of the host; `done` is called exactly once, must not block.
  virtual void dispatch_async(const CallContext* parent, std::string_view actor,
                              std::string_view operation, Bytes payload, SteadyTime deadline,
                              std::function<void(Result<Bytes>)> done) = 0;
};

/// Events in the life of a provider's process (process/supervisor.hpp).
enum class ProcessEvent {
  ended,      ///< it is gone; calls are refused until it is back
  reopening,  ///< a new one is about to take calls: what it must know first can be held ready
  reopened    ///< it takes calls
};
/// `why` is a predicate: "was ended by signal 11 (Segmentation fault)". Called on a thread of the
/// supervisor; must not block long.
using OnProcessEvent = std::function<void(ProcessEvent event, const std::string& why)>;

struct Options {
  EntityId id = 0;                 ///< of this instance on call chains; given by the host
  std::string label = {};          ///< for log lines: name or key of the provider
  std::size_t queue = 0;           ///< waiting calls; 0 = limits::provider_queue
  std::size_t max_threads = 0;     ///< of the executor; 0 = a small multiple of the cores
  std::size_t stuck_threads = 0;   ///< 0 = limits::provider_stuck_threads
  std::size_t response_bytes = 0;  ///< 0 = limits::payload_bytes
  std::chrono::milliseconds dispatch_timeout{0};  ///< 0 = limits::call_timeout
  /// Set in a process that does nothing but run this instance (process/runner.hpp): calls run on
  /// the thread that makes them whatever the plugin's flags, and chain ids are the host's.
  bool in_own_process = false;
  /// Counts what the provider keeps for others; null: nobody does.
  std::shared_ptr<MemoryBudget> memory = {};
  /// Cleans error texts before callers see them; null: nobody does.
  std::shared_ptr<const Redactor> redactor = {};
  /// Told what becomes of the instance's process, where it has one.
  OnProcessEvent on_process_event = {};
};

/// Options with every default filled in.
[[nodiscard]] Options with_defaults(Options options);

/// Counters since creation; a reading is not a consistent cut.
struct Statistics {
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;
  std::uint64_t timeouts = 0;          ///< callers that gave up
  std::uint64_t late_completions = 0;  ///< answers that came after that
  std::uint64_t double_completions = 0;
  std::uint64_t refused_busy = 0;
  std::size_t stuck_threads = 0;  ///< in a call whose caller gave up, now
};

/// The process an instance lives in.
struct ProcessInfo {
  std::int64_t pid = 0;        ///< 0 while it is being started again
  std::uint64_t restarts = 0;  ///< since the instance was made
  std::string last_end;        ///< how the one before ended; empty when there was none
};

/// One running instance. All members may be called from any thread; stop() once.
class Provider {
 public:
  virtual ~Provider() = default;

  /// Makes the instance. It shares the dispatcher: a plugin that does not stop in time may be
  /// inside it for longer than anybody waits.
  [[nodiscard]] static Result<std::shared_ptr<Provider>> create(
      std::shared_ptr<const Plugin> plugin, Options options, std::shared_ptr<Dispatcher> dispatcher,
      std::shared_ptr<const Clock> clock, Log log);

  [[nodiscard]] virtual const Plugin& plugin() const noexcept = 0;
  [[nodiscard]] virtual EntityId id() const noexcept = 0;

  /// Calls the provider and waits for its answer until `caller.deadline`. A provider flagged
  /// non-blocking runs on this thread; any other on its executor, and the wait is announced
  /// (threads/blocking.hpp). Error texts of the provider come back unchanged as provider_failed.
  [[nodiscard]] virtual Result<Bytes> call(const CallContext& caller, std::string_view origin,
                                           std::string_view operation, ByteView payload) = 0;

  /// Refuses new calls, tells the plugin to stop and waits until `deadline`. False when it did not
  /// come back in time: the instance is then abandoned, never destroyed. A provider that is not
  /// concurrent is told only after its last call has returned.
  virtual bool stop(SteadyTime deadline) = 0;

  [[nodiscard]] virtual Statistics statistics() const noexcept = 0;
  /// Nothing for an instance that lives in this process.
  [[nodiscard]] virtual std::optional<ProcessInfo> process() const { return std::nullopt; }
};

}  // namespace trellis::provider
