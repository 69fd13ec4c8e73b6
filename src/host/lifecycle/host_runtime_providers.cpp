// Starting and stopping providers, and links: host.md 8 and 9.
#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "base/limits.hpp"
#include "base/text.hpp"
#include "host/lifecycle/host_runtime.hpp"
#include "host/state/builtins.hpp"
#include "host/state/named_log.hpp"
#include "host/state/names.hpp"
#include "host/state/reservation.hpp"
#include "provider/process/supervisor.hpp"
#include "trellis/provider.h"

namespace trellis::host {
namespace {

Result<const trellis_provider_table*> builtin_table(std::span<const BuiltinProvider> builtins,
                                                    std::string_view reference) {
  if (const auto* builtin = find_builtin(builtins, reference)) return builtin->table;
  return fail(ErrorCode::not_found, fmt::format("there is no built-in provider '{}'", reference),
              builtins.empty() ? std::string("this host was given none (HostOptions::builtins)")
                               : "there are " + names_of(builtins));
}

/// Mode that a provider runs in: as it was asked for, else as the host has it, else by where its
/// code is from.
ProviderMode resolved(ProviderMode wanted, const HostOptions& options, std::string_view reference) {
  if (wanted == ProviderMode::automatic) wanted = options.provider_mode;
  if (wanted != ProviderMode::automatic) return wanted;
  // Code that is not part of the program has a process of its own, where it crashes alone.
  const bool apart =
      !reference.starts_with(builtin_prefix) && !options.provider_process.program.empty();
  return apart ? ProviderMode::process : ProviderMode::in_process;
}

/// Claims of an archive win over what its library says.
provider::Description description_of(const std::optional<identity::ProviderClaims>& claims,
                                     const provider::Plugin& plugin) {
  if (!claims) return plugin.description();
  return {claims->capid,           identity::display_name(*claims),
          claims->vendor,          claims->ver.value_or(std::string()),
          claims->rev.value_or(0), plugin.description().local_values};
}

/// The process is told what to run by reference, and how much it may take.
Result<provider::process::ProcessSettings> process_settings(const ProviderProcessOptions& options,
                                                            std::string_view reference) {
  if (options.program.empty()) {
    return fail(ErrorCode::unsupported, "this host cannot run providers in processes of their own",
                "name the trellis binary that runs them (HostOptions::provider_process.program), "
                "or start the provider in process");
  }
  provider::process::ProcessSettings settings;
  settings.command = {
      options.program,
      {"run-provider", "--memory-mb", std::to_string(options.memory_mb), "--open-files",
       std::to_string(options.open_files.value_or(0)), "--", std::string(reference)}};
  settings.hang_timeout = options.hang_timeout;
  return settings;
}

}  // namespace

Result<std::shared_ptr<const provider::Plugin>> HostRuntime::open_library(
    std::string_view reference, const std::filesystem::path& file, ProviderMode mode) const {
  if (resolved(mode, options_, reference) == ProviderMode::process) {
    auto settings = process_settings(options_.provider_process, file.string());
    if (!settings) return pass(settings);
    return provider::process::open_process(std::move(*settings), options_.clock);
  }
  return provider::open_plugin(file);
}

/// A provider linked into the program, a library, or an archive of libraries.
Result<HostRuntime::ProviderCode> HostRuntime::find_code(std::string_view reference,
                                                         ProviderMode mode) {
  std::optional<identity::ProviderClaims> claims;
  package::CacheHold hold;
  Result<std::shared_ptr<const provider::Plugin>> plugin;
  if (reference.starts_with(builtin_prefix)) {
    const auto table = builtin_table(options_.builtins, reference);
    if (!table) return pass(table);
    const bool apart = resolved(mode, options_, reference) == ProviderMode::process;
    plugin = apart ? open_library(reference, reference, mode) : provider::wrap_table(**table);
  } else {
    auto found = packages_.find(reference);
    if (!found) return pass(found);
    // Hold keeps a file of the cache from being pruned before it is loaded.
    hold = std::move(found->hold);
    if (package::looks_like_archive(found->file)) {
      auto extracted = packages_.unpack(found->file);
      if (!extracted) return pass(extracted);
      claims = std::move(extracted->claims);
      found->file = std::move(extracted->library);
      hold = std::move(extracted->hold);
    }
    plugin = open_library(reference, found->file, mode);
  }
  if (!plugin) return pass(plugin);
  return ProviderCode{std::move(*plugin), std::move(claims), std::move(hold)};
}

Result<std::string> HostRuntime::start_provider(std::string_view reference,
                                                const ProviderOptions& options) {
  if (reference == extras_reference && trim(options.link_name) == default_link_name) {
    // It runs from the start of the host on; asking for it again is no mistake.
    auto key = provider_key_of(reference);
    const auto slot = provider_slot(key, default_link_name);
    if (registry_.tables().read()->providers.find(slot) != nullptr) return key;
  }
  // Code is found and verified before a place is held, because it may have to be fetched.
  auto code = find_code(reference, options.mode);
  if (!code) return pass(code);
  return start_provider(std::move(*code), std::string(reference), options);
}

Result<ProviderPreview> HostRuntime::inspect_provider(std::string_view reference,
                                                      ProviderMode mode) {
  const auto code = find_code(reference, mode);
  if (!code) return pass(code);
  const auto description = description_of(code->claims, *code->plugin);
  return ProviderPreview{code->claims ? code->claims->sub : unsigned_provider_key(description),
                         description.contract_id};
}

Result<std::string> HostRuntime::start_provider(std::shared_ptr<const provider::Plugin> plugin,
                                                std::string source, std::string_view link_name) {
  return start_provider(ProviderCode{std::move(plugin), std::nullopt}, std::move(source),
                        {.link_name = std::string(link_name)});
}

Result<std::string> HostRuntime::start_provider(ProviderCode code, std::string source,
                                                const ProviderOptions& how) {
  auto name = normal_link_name(how.link_name);
  if (!name) return pass(name);
  auto entry = std::make_shared<ProviderEntry>();
  entry->description = description_of(code.claims, *code.plugin);
  entry->key = code.claims ? code.claims->sub : unsigned_provider_key(entry->description);
  entry->link_name = std::move(*name);
  entry->source = std::move(source);
  entry->mode = how.mode;
  entry->hold = std::move(code.hold);
  entry->started = options_.clock->wall();
  const auto slot = provider_slot(entry->key, entry->link_name);
  const Reservation place(registry_, slot);
  if (!place.held()) {
    return fail(ErrorCode::already_exists,
                fmt::format("Cannot start already running provider {}", entry->key),
                "stop it first, or start it under another link name");
  }
  // Way into the host is made before the instance, which may use it as soon as it is there.
  entry->link =
      std::make_shared<ProviderLink>(entry->key, entry->description.contract_id, entry->link_name,
                                     *router_, workers_, options_.memory);
  provider::Options options;
  options.id = next_id();
  options.label = fmt::format("{} ({})", entry->description.name, entry->link_name);
  options.response_bytes = options_.payload_bytes;
  options.dispatch_timeout = options_.call_timeout;
  options.memory = options_.memory;
  options.redactor = redactor_;
  // The thread that watches a process runs before the entry is written to the end: what happens
  // until then concerns nobody, for nobody knows the provider yet.
  const auto complete = std::make_shared<std::atomic<bool>>(false);
  options.on_process_event = [this, complete, weak = std::weak_ptr(entry)](
                                 provider::ProcessEvent event, const std::string& why) {
    if (complete->load(std::memory_order_acquire)) process_event(weak, event, why);
  };
  auto instance = provider::Provider::create(std::move(code.plugin), options, entry->link,
                                             options_.clock, log_.with_target("provider"));
  if (instance) {
    entry->instance = std::move(*instance);
    complete->store(true, std::memory_order_release);
    // Registered, then told, as for actors: whoever hears of it can call it (host.md 8.1).
    registry_.add_provider(entry);
    plane_.provider_started(*entry);
    log_named(log_, LogLevel::info,
              {{"provider", entry->key}, {"provider_name", people_name(*entry)}},
              "started provider {} ({}, link {})", entry->key, entry->description.contract_id,
              entry->link_name);
  }
  if (!instance) return pass(instance);
  return entry->key;
}

void HostRuntime::process_event(const std::weak_ptr<ProviderEntry>& provider,
                                provider::ProcessEvent event, const std::string& why) {
  const auto entry = provider.lock();
  if (!entry) return;
  switch (event) {
    case provider::ProcessEvent::ended: return plane_.provider_lost(*entry, why);
    case provider::ProcessEvent::reopening: return binder_.hold(*entry);
    case provider::ProcessEvent::reopened:
      // Links first: calls wait at their latches until the new process knows of them.
      binder_.tell_again(*entry);
      return plane_.provider_back(*entry);
  }
}

std::string HostRuntime::provider_key_of(std::string_view key_or_reference) const {
  // Builtins have fixed names; then comes what a provider was started from, and anything else is
  // taken for a key.
  if (auto builtin = builtin_provider_key(options_.builtins, key_or_reference))
    return std::move(*builtin);
  std::string key(key_or_reference);
  registry_.tables().read()->providers.for_each([&](std::string_view, const auto& entry) {
    if (entry->source == key_or_reference) key = entry->key;
  });
  return key;
}

Result<void> HostRuntime::stop_provider(std::string_view key_or_reference,
                                        std::string_view contract_id, std::string_view link_name) {
  auto name = normal_link_name(link_name);
  if (!name) return pass(name);
  const auto key = provider_key_of(key_or_reference);
  const auto tables = registry_.tables().read();
  const auto* running = tables->providers.find(provider_slot(key, *name));
  // Stopping what does not run is no mistake (host.md 5).
  if (running == nullptr) return {};
  if (!contract_id.empty() && (*running)->description.contract_id != contract_id) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("provider {} serves {}, not {}", key,
                            (*running)->description.contract_id, contract_id));
  }
  const auto deadline = options_.clock->steady() + options_.stop_timeout;
  plane_.provider_stopping(**running, deadline);
  if (const auto removed = registry_.remove_provider(key, *name)) {
    stop_provider_instance(*removed, deadline);
    plane_.provider_stopped(*removed);
  }
  return {};
}

void HostRuntime::stop_provider_instance(const ProviderEntry& entry, SteadyTime deadline) {
  if (!entry.instance->stop(deadline)) {
    log_named(log_, LogLevel::error,
              {{"provider", entry.key}, {"provider_name", people_name(entry)}},
              "provider {} did not stop in time and was abandoned", entry.key);
  }
  // Way into the host is closed after the stop, in which a provider may still finish its calls to
  // actors; from then on none enters.
  entry.link->close();
  log_named(log_, LogLevel::info, {{"provider", entry.key}, {"provider_name", people_name(entry)}},
            "stopped provider {} ({}, link {})", entry.key, entry.description.contract_id,
            entry.link_name);
}

Result<void> HostRuntime::set_link(Link link) {
  auto name = normal_link_name(link.link_name);
  if (!name) return pass(name);
  link.link_name = std::move(*name);
  link.provider_id = provider_key_of(link.provider_id);
  if (auto valid = validate_link(link); !valid) return valid;
  if (registry_.link_count() >= limits::links) {
    return fail(ErrorCode::limit, fmt::format("this host knows {} links already", limits::links));
  }
  // Registry first: what runs here is bound whatever becomes of the lattice.
  registry_.put_link(link, LinkOrigin::local);
  plane_.link_set(link);  // always, also when nothing changed (lattice.md 6.1)
  return {};
}

Result<void> HostRuntime::remove_link(std::string_view actor, std::string_view contract,
                                      std::string_view link_name) {
  auto name = normal_link_name(link_name);
  if (!name) return pass(name);
  // Removal is applied here first; a first-party host relies on its own echo, and loses it while
  // the server is away (lattice.md 6.3).
  if (!registry_.remove_link(actor, contract, *name, LinkOrigin::local)) {
    log_.warn("there is no link of actor {} to {} ({}) to remove", actor, contract, *name);
  }
  // Peers are told even when this host knew of no such link: they may.
  plane_.link_removed({.actor = std::string(actor),
                       .contract_id = std::string(contract),
                       .link_name = *name,
                       .provider_id = {},
                       .values = {}});
  return {};
}

}  // namespace trellis::host
