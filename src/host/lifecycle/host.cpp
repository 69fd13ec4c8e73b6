// The public facade: checks that the host is started and hands on to its runtime.
#include "trellis/host.hpp"

#include <chrono>
#include <future>
#include <thread>
#include <type_traits>
#include <utility>

#include "base/call_limits.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "host/lifecycle/check_options.hpp"
#include "host/lifecycle/host_runtime.hpp"
#include "host/state/labels.hpp"

namespace trellis {
namespace {

/// Time that a stop may take beyond its limit, for ending threads that are on their way out.
constexpr std::chrono::milliseconds stop_grace{500};

}  // namespace

class Host::Implementation {
 public:
  Implementation(HostOptions options, std::shared_ptr<EngineRuntime> engine)
      : options_(std::move(options)),
        engine_(std::move(engine)),
        labels_(std::make_shared<host::LabelBook>(options_.labels)) {}

  Result<void> start() {
    const MutexLock lock(mutex_);
    if (runtime_) return fail(ErrorCode::already_exists, "the host is started already");
    if (auto options = host::check_options(options_); !options) return options;
    // Runtime is kept only once it has started: a start that fails leaves nothing that could be
    // called.
    auto runtime = std::make_shared<host::HostRuntime>(options_, engine_, labels_);
    if (auto started = runtime->start(); !started) return started;
    runtime_ = std::move(runtime);
    id_ = runtime_->id();
    return {};
  }

  bool stop() {
    std::shared_ptr<host::HostRuntime> runtime;
    {
      const MutexLock lock(mutex_);
      // Taken out first: new calls are refused from now on, those under way keep the runtime alive.
      runtime.swap(runtime_);
    }
    return !runtime || end(std::move(runtime));
  }

  /// Stops it on a thread of its own, which keeps it for as long as something inside does not end.
  bool end(std::shared_ptr<host::HostRuntime> runtime) const {
    const auto limit = runtime->options().stop_timeout + stop_grace;
    auto ended = std::make_shared<std::promise<void>>();
    auto done = ended->get_future();
    // Thread is detached: a provider that never returns would hold the program for ever. What it
    // uses lives as long as the thread does.
    std::thread([runtime = std::move(runtime), ended]() mutable {
      runtime->stop();
      runtime.reset();
      ended->set_value();
    }).detach();
    if (done.wait_for(limit) == std::future_status::ready) return true;
    Log(options_.log, "host")
        .error(
            "the host did not end within {} ms: code of a provider or a call has not returned; it "
            "is "
            "left alone and its memory is kept",
            limit.count());
    return false;
  }

  /// Running host, or the error every operation gives without one (host.md 5, exact text).
  Result<std::shared_ptr<host::HostRuntime>> runtime() const {
    const MutexLock lock(mutex_);
    if (runtime_) return runtime_;
    return fail(ErrorCode::not_started, "Activity cannot be performed, host has not been started");
  }

  /// Result of `act` on the running host, which is kept for as long as that takes.
  template <class Act>
  std::invoke_result_t<Act, host::HostRuntime&> with_runtime(const Act& act) const {
    const auto running = runtime();
    if (!running) return pass(running);
    return act(**running);
  }

  const HostOptions options_;
  const std::shared_ptr<EngineRuntime> engine_;
  const std::shared_ptr<host::LabelBook> labels_;
  mutable Mutex mutex_;
  std::shared_ptr<host::HostRuntime> runtime_ GUARDED_BY(mutex_);
  std::string id_ GUARDED_BY(mutex_);
};

Host::Host(std::unique_ptr<Implementation> implementation) : self_(std::move(implementation)) {}
Host::~Host() {
  stop();
}

std::unique_ptr<Host> HostBuilder::build() const {
  return std::unique_ptr<Host>(new Host(std::make_unique<Host::Implementation>(options_, engine_)));
}

Result<void> Host::start() {
  return self_->start();
}
bool Host::stop() {
  return self_->stop();
}

std::string Host::id() const {
  const MutexLock lock(self_->mutex_);
  return self_->id_;
}

std::map<std::string, std::string> Host::labels() const {
  // Labels are there before the start and after the stop, as in first-party hosts (host.md 5).
  return self_->labels_->all();
}

void Host::merge_labels(const std::map<std::string, std::string>& labels) {
  self_->labels_->merge(labels);
}

std::chrono::seconds Host::uptime() const {
  const auto runtime = self_->runtime();
  return runtime ? (*runtime)->uptime() : std::chrono::seconds(0);
}

const std::vector<BuiltinProvider>& Host::builtins() const noexcept {
  return self_->options_.builtins;
}

Result<std::string> Host::start_actor(ByteView module, const ActorOptions& options) {
  return self_->with_runtime(
      [&](host::HostRuntime& runtime) { return runtime.start_actor(module, options); });
}

Result<std::string> Host::start_actor_from_file(const std::filesystem::path& path,
                                                ActorOptions options) {
  auto runtime = self_->runtime();
  if (!runtime) return pass(runtime);
  auto module = read_file(path, limits::module_bytes);
  if (!module) return pass(module);
  if (options.source.empty()) options.source = path.string();
  return (*runtime)->start_actor(as_bytes(*module), options);
}

Result<std::string> Host::start_actor_from(std::string_view reference, ActorOptions options) {
  return self_->with_runtime([&](host::HostRuntime& runtime) {
    // Embedders speak for the host's user: commands may use this registry from now on (Packages).
    runtime.packages().name_registry_of(reference);
    return runtime.start_actor_from(reference, std::move(options));
  });
}

Result<void> Host::update_actor_from(std::string_view key, std::string_view reference) {
  return self_->with_runtime([&](host::HostRuntime& runtime) {
    runtime.packages().name_registry_of(reference);
    return runtime.update_actor_from(key, reference);
  });
}

Result<ActorPreview> Host::inspect_actor(std::string_view reference) const {
  return self_->with_runtime([&](host::HostRuntime& runtime) {
    runtime.packages().name_registry_of(reference);
    return runtime.inspect_actor(reference);
  });
}

Result<void> Host::scale_actor(std::string_view key, std::optional<std::size_t> minimum,
                               std::optional<std::size_t> maximum) {
  return self_->with_runtime(
      [&](host::HostRuntime& runtime) { return runtime.scale_actor(key, minimum, maximum); });
}

Result<ProviderPreview> Host::inspect_provider(std::string_view reference,
                                               ProviderMode mode) const {
  return self_->with_runtime([&](host::HostRuntime& runtime) {
    runtime.packages().name_registry_of(reference);
    return runtime.inspect_provider(reference, mode);
  });
}

Result<void> Host::stop_actor(std::string_view key_or_source) {
  return self_->with_runtime(
      [&](host::HostRuntime& runtime) { return runtime.stop_actor(key_or_source); });
}

Result<void> Host::update_actor(std::string_view key, ByteView module, std::string source) {
  return self_->with_runtime([&](host::HostRuntime& runtime) {
    return runtime.update_actor(key, module, std::move(source));
  });
}

Result<std::string> Host::start_provider(std::string_view reference, std::string_view link_name) {
  return self_->with_runtime([&](host::HostRuntime& runtime) {
    runtime.packages().name_registry_of(reference);
    return runtime.start_provider(reference, {.link_name = std::string(link_name)});
  });
}

Result<std::string> Host::start_provider(std::string_view reference,
                                         const ProviderOptions& options) {
  return self_->with_runtime([&](host::HostRuntime& runtime) {
    runtime.packages().name_registry_of(reference);
    return runtime.start_provider(reference, options);
  });
}

Result<std::string> Host::start_provider(const trellis_provider_table& table,
                                         std::string_view link_name) {
  auto runtime = self_->runtime();
  if (!runtime) return pass(runtime);
  auto plugin = provider::wrap_table(table);
  if (!plugin) return pass(plugin);
  return (*runtime)->start_provider(std::move(*plugin), "linked in", link_name);
}

Result<void> Host::stop_provider(std::string_view key_or_reference, std::string_view contract_id,
                                 std::string_view link_name) {
  return self_->with_runtime([&](host::HostRuntime& runtime) {
    return runtime.stop_provider(key_or_reference, contract_id, link_name);
  });
}

Result<void> Host::set_link(Link link) {
  return self_->with_runtime(
      [&](host::HostRuntime& runtime) { return runtime.set_link(std::move(link)); });
}

Result<void> Host::remove_link(std::string_view actor, std::string_view contract_id,
                               std::string_view link_name) {
  return self_->with_runtime([&](host::HostRuntime& runtime) {
    return runtime.remove_link(actor, contract_id, link_name);
  });
}

std::vector<LinkInfo> Host::links() const {
  auto runtime = self_->runtime();
  return runtime ? (*runtime)->registry().links() : std::vector<LinkInfo>{};
}

std::optional<LinkInfo> Host::link(std::string_view actor, std::string_view contract_id,
                                   std::string_view link_name) const {
  auto runtime = self_->runtime();
  return runtime ? (*runtime)->registry().link_info(actor, contract_id, link_name) : std::nullopt;
}

bool Host::settle_links(std::string_view actor, std::chrono::milliseconds timeout) {
  auto runtime = self_->runtime();
  return runtime &&
         (*runtime)->binder().settle(actor, (*runtime)->options().clock->steady() + timeout);
}

bool Host::settle(std::chrono::milliseconds timeout) {
  auto runtime = self_->runtime();
  return runtime && (*runtime)->binder().settle((*runtime)->options().clock->steady() + timeout);
}

Result<Bytes> Host::call_actor(std::string_view key_or_alias, std::string_view operation,
                               ByteView payload, std::optional<std::chrono::milliseconds> timeout) {
  return self_->with_runtime([&](host::HostRuntime& runtime) {
    return runtime.call_actor(key_or_alias, operation, payload, timeout);
  });
}

Result<Inventory> Host::inventory() const {
  auto runtime = self_->runtime();
  if (!runtime) return pass(runtime);
  return Inventory{(*runtime)->id(),
                   labels(),
                   uptime(),
                   (*runtime)->actors(),
                   (*runtime)->providers(),
                   (*runtime)->plane().info(),
                   (*runtime)->memory()};
}

std::vector<ActorIdentity> Host::claims() const {
  auto runtime = self_->runtime();
  std::vector<ActorIdentity> all;
  if (!runtime) return all;
  for (const auto& known : (*runtime)->registry().known_claims()) all.push_back(known->identity);
  return all;
}

void Host::check_health() {
  if (auto runtime = self_->runtime(); runtime) (*runtime)->health().run_round();
}

}  // namespace trellis
