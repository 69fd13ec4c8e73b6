// Embed a Trellis host: start signed actors and capability providers, link them, call them.
//
//   auto engine = trellis::EngineRuntime::start({});             // once per process
//   auto host = trellis::HostBuilder(*engine)
//                   .label("zone", "a")
//                   .builtins(trellis::builtin_providers())       // trellis/builtins.hpp
//                   .build();
//   host->start();
//   auto actor = host->start_actor_from_file("kvcounter.wasm");
//   auto http = host->start_provider("builtin:httpserver");
//   host->set_link({.actor = *actor, .contract_id = "wasmcloud:httpserver",
//                   .provider_id = *http, .values = {{"PORT", "8080"}}});
//
// Spec: host.md 5 (operations), 3 (options), 6 (dispatch). Everything can fail as a value; nothing
// throws. Several hosts in one process share nothing but the engine runtime.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trellis/bytes.hpp"
#include "trellis/cache_store.hpp"
#include "trellis/clock.hpp"
#include "trellis/engine.hpp"
#include "trellis/host_types.hpp"
#include "trellis/lattice_options.hpp"
#include "trellis/log.hpp"
#include "trellis/memory_budget.hpp"
#include "trellis/result.hpp"

struct trellis_provider_table;

namespace trellis {

/// One call as hooks see it. Views are valid during the hook.
struct InvocationView {
  std::uint64_t id = 0;               ///< unique within the host
  std::string_view origin;            ///< actor key, provider key, or "system"
  std::string_view target;            ///< actor key or provider key
  std::string_view target_contract;   ///< empty when the target is an actor
  std::string_view target_link_name;  ///< empty when the target is an actor
  std::string_view operation;
  ByteView payload;
};

/// Decides beyond the claims; can only narrow (host.md 6.4). Called from any thread, concurrently;
/// a slow one delays calls. An implementation that throws counts as "no".
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  /// May this actor be loaded? Asked at start and at update, after its token was verified.
  virtual bool can_load(const ActorIdentity&) { return true; }
  /// May it make this call? Asked after the capability check passed; also with operation
  /// "BindActor" when a link is bound.
  virtual bool can_invoke(const ActorIdentity& /*origin*/, const InvocationView&) { return true; }
};

/// Hooks around the execution at the target (host.md 6.3), run in list order. Called from any
/// thread, concurrently. A failed pre hook aborts the call, a failed post hook replaces the answer.
class Middleware {
 public:
  virtual ~Middleware() = default;
  virtual Result<void> actor_pre_invoke(const InvocationView&) { return {}; }
  virtual Result<Bytes> actor_post_invoke(const InvocationView&, Bytes response) {
    return response;
  }
  virtual Result<void> capability_pre_invoke(const InvocationView&) { return {}; }
  virtual Result<Bytes> capability_post_invoke(const InvocationView&, Bytes response) {
    return response;
  }
};

/// What the name in a link value `secret:NAME` stands for. Called on threads of the host before a
/// provider is told about a link; an error is the error of the link, which is tried again.
using SecretSource = std::function<Result<std::string>(std::string_view name)>;

/// Options of a host; each has a safe default. A time, a size or a count of zero is refused by
/// Host::start(), with the name of the option.
struct HostOptions {
  std::map<std::string, std::string> labels;
  std::vector<std::string> allowed_issuers;        ///< account keys; empty = any (identity.md 2.6)
  bool live_updates = false;                       ///< allow replacing a running actor
  bool strict_update_check = true;                 ///< same capabilities required (identity.md 5.5)
  bool same_issuer_for_updates = true;             ///< D8
  bool check_provider_to_actor = true;             ///< D1
  std::chrono::milliseconds call_timeout{10'000};  ///< of one call to an actor
  std::chrono::milliseconds health_interval{30'000};  ///< between two rounds of health checks
  std::chrono::milliseconds health_timeout{200};      ///< of one health check
  std::chrono::milliseconds stop_timeout{10'000};     ///< of Host::stop() as a whole
  std::size_t min_instances = 1;                      ///< per actor
  std::optional<std::size_t> max_instances;           ///< per actor; default 2 x cores (D4)
  std::size_t pool_waiters = 256;                     ///< calls waiting per actor
  std::uint32_t memory_mb = 128;                      ///< per instance
  std::size_t payload_bytes = 16 * 1024 * 1024;       ///< request, response, host call
  std::size_t worker_threads = 64;                    ///< bound for calls made by your threads
  /// Providers of the program, started by name. Those that come with Trellis, which the `trellis`
  /// binary has, are those of trellis::builtin_providers() (trellis/builtins.hpp, in the library
  /// trellis_builtins); libtrellis has none. "builtin:extras" is started with the host where it is
  /// among them. In a process of its own (ProviderMode::process) a built-in provider is the one
  /// that ProviderProcessOptions::program has under this name.
  std::vector<BuiltinProvider> builtins;
  ProviderMode provider_mode = ProviderMode::automatic;  ///< of those started without a mode
  ProviderProcessOptions provider_process;
  /// What the host keeps for others may take in memory: bodies of HTTP requests, calls that wait,
  /// what the lattice tells, the cache. Beyond it the answer is "busy". Instances of actors do not
  /// count: they have limits of their own. By default a quarter of the machine's memory or of the
  /// control group's, at least 64 MiB, at most 1 GiB.
  std::optional<std::size_t> memory_budget_bytes;
  SecretSource secrets;  ///< null: links with secrets are refused
  RegistryOptions registry;
  LatticeOptions lattice;  ///< by default none: the host is on its own
  /// Opens the database of CacheOptions::redis: trellis::open_redis_cache (trellis/builtins.hpp),
  /// or something of your own. Null: a host with such a cache does not start.
  OpenCacheStore open_cache;
  /// Called when a stop of the host is ordered over the lattice, on a thread of the host; it must
  /// only hand on. Null: such orders are refused.
  std::function<void()> on_stop_order;
  std::shared_ptr<LogSink> log;            ///< null: nothing is logged
  std::shared_ptr<const Clock> clock;      ///< null: the system's
  std::shared_ptr<Authorizer> authorizer;  ///< null: allow
  std::vector<std::shared_ptr<Middleware>> middleware;
  /// Counts the memory instead of one made from memory_budget_bytes, when parts of the program
  /// outside of the host share it. Null: the host makes one.
  std::shared_ptr<MemoryBudget> memory;
};

/// A host. All members may be called from any thread and block until done unless said otherwise.
/// Before start() and after stop() all but id(), labels() and options fail with
/// `Activity cannot be performed, host has not been started`.
class Host {
 public:
  ~Host();  ///< stops if needed
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// Starts. A stopped host can be started again and then has a new key.
  [[nodiscard]] Result<void> start();
  /// Unbinds and stops all providers and actors, bounded by `stop_timeout` and at most half a
  /// second more. A second stop is a no-op. False when something in the process did not end by then
  /// (a provider's code that never returns): it is left alone with the memory it uses, and the
  /// program should end without tearing down what it may still touch (`std::_Exit`).
  bool stop();

  /// Public key of this start of the host (N…); empty before the first start.
  [[nodiscard]] std::string id() const;
  /// Core labels (`hostcore.…`) and those given; core labels cannot be overridden.
  [[nodiscard]] std::map<std::string, std::string> labels() const;
  /// Adds or overwrites user labels; core labels in `labels` are ignored (host.md 2.3).
  void merge_labels(const std::map<std::string, std::string>& labels);
  [[nodiscard]] std::chrono::seconds uptime() const;

  /// Verifies the module and starts it; returns the actor's key. Leaves no trace when it fails.
  [[nodiscard]] Result<std::string> start_actor(ByteView module, const ActorOptions& options = {});
  [[nodiscard]] Result<std::string> start_actor_from_file(const std::filesystem::path& path,
                                                          ActorOptions options = {});
  /// From a file where one of that name exists, else from a registry: HOST[:PORT]/PATH:TAG.
  [[nodiscard]] Result<std::string> start_actor_from(std::string_view reference,
                                                     ActorOptions options = {});
  /// Calls in flight finish, bounded by the call timeout. Not an error when it does not run.
  [[nodiscard]] Result<void> stop_actor(std::string_view key_or_source);
  /// Replaces a running actor; the old version keeps serving when anything is wrong with the new.
  [[nodiscard]] Result<void> update_actor(std::string_view key, ByteView module,
                                          std::string source = {});

  /// The same with a module named as in start_actor_from. `latest` is never fetched.
  [[nodiscard]] Result<void> update_actor_from(std::string_view key, std::string_view reference);

  /// Verifies a module named as in start_actor_from, as a start would, and starts nothing.
  [[nodiscard]] Result<ActorPreview> inspect_actor(std::string_view reference) const;
  /// How many instances of a running actor are kept ready, and how many there may be; nothing
  /// leaves it as it is. Calls under way finish on the instances of before.
  [[nodiscard]] Result<void> scale_actor(std::string_view key, std::optional<std::size_t> minimum,
                                         std::optional<std::size_t> maximum);

  /// Starts a provider by built-in name ("builtin:httpserver", one of HostOptions::builtins), from
  /// a file (shared library or archive), or from a registry; returns its key.
  [[nodiscard]] Result<std::string> start_provider(std::string_view reference,
                                                   std::string_view link_name = "default");
  [[nodiscard]] Result<std::string> start_provider(std::string_view reference,
                                                   const ProviderOptions& options);
  /// Starts a provider that is linked into the program and has no name there.
  [[nodiscard]] Result<std::string> start_provider(const trellis_provider_table& table,
                                                   std::string_view link_name = "default");
  /// Those of the options.
  [[nodiscard]] const std::vector<BuiltinProvider>& builtins() const noexcept;
  /// Finds and opens a provider's code, as a start would, and starts nothing. The code of a library
  /// runs as far as saying what it is.
  [[nodiscard]] Result<ProviderPreview> inspect_provider(
      std::string_view reference, ProviderMode mode = ProviderMode::automatic) const;
  /// `contract_id` empty means: whatever it serves. Not an error when it does not run.
  [[nodiscard]] Result<void> stop_provider(std::string_view key_or_reference,
                                           std::string_view contract_id = {},
                                           std::string_view link_name = "default");

  /// Defines or changes a link. Returns without waiting for the provider: see settle_links() and
  /// link().
  [[nodiscard]] Result<void> set_link(Link link);
  [[nodiscard]] Result<void> remove_link(std::string_view actor, std::string_view contract_id,
                                         std::string_view link_name = "default");
  [[nodiscard]] std::vector<LinkInfo> links() const;
  [[nodiscard]] std::optional<LinkInfo> link(std::string_view actor, std::string_view contract_id,
                                             std::string_view link_name = "default") const;
  /// Waits until providers were told what is said of an actor's links so far (a refusal counts as
  /// told). False when `timeout` passed first.
  [[nodiscard]] bool settle_links(std::string_view actor, std::chrono::milliseconds timeout);
  /// Waits until no BindActor or RemoveActor is under way. False when `timeout` passed first.
  [[nodiscard]] bool settle(std::chrono::milliseconds timeout);

  /// Calls an actor by key or call alias, as "system". From a thread that is not the host's own the
  /// call runs on a worker. `timeout` is by default the host's call timeout.
  [[nodiscard]] Result<Bytes> call_actor(std::string_view key_or_alias, std::string_view operation,
                                         ByteView payload,
                                         std::optional<std::chrono::milliseconds> timeout = {});

  [[nodiscard]] Result<Inventory> inventory() const;
  /// Claims of every actor ever verified by this host since its start.
  [[nodiscard]] std::vector<ActorIdentity> claims() const;
  /// Runs one health round now and waits for it (rounds also run by themselves).
  void check_health();

 private:
  friend class HostBuilder;
  class Implementation;
  explicit Host(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> self_;
};

/// Collects options and makes hosts. A value; use from one thread.
class HostBuilder {
 public:
  explicit HostBuilder(std::shared_ptr<EngineRuntime> engine) : engine_(std::move(engine)) {}

  HostBuilder& options(HostOptions options) {
    options_ = std::move(options);
    return *this;
  }
  HostBuilder& label(std::string key, std::string value) {
    options_.labels.insert({std::move(key), std::move(value)});  // the first of two wins
    return *this;
  }
  HostBuilder& log(std::shared_ptr<LogSink> sink) {
    options_.log = std::move(sink);
    return *this;
  }
  HostBuilder& builtins(std::vector<BuiltinProvider> providers) {
    options_.builtins = std::move(providers);
    return *this;
  }
  HostBuilder& authorizer(std::shared_ptr<Authorizer> authorizer) {
    options_.authorizer = std::move(authorizer);
    return *this;
  }
  HostBuilder& middleware(std::shared_ptr<Middleware> middleware) {
    options_.middleware.push_back(std::move(middleware));
    return *this;
  }
  HostBuilder& live_updates(bool on) {
    options_.live_updates = on;
    return *this;
  }

  [[nodiscard]] std::unique_ptr<Host> build() const;

 private:
  std::shared_ptr<EngineRuntime> engine_;
  HostOptions options_;
};

}  // namespace trellis
