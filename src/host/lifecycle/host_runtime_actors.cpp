// Starting, stopping and updating actors: host.md 7, identity.md 5.1 and 5.5.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/limits.hpp"
#include "host/lifecycle/host_runtime.hpp"
#include "host/state/named_log.hpp"
#include "host/state/names.hpp"
#include "host/state/reservation.hpp"
#include "identity/admission.hpp"

namespace trellis::host {
namespace {

/// One change of an actor at a time, so that none undoes another.
std::string change_slot(std::string_view key) {
  return fmt::format("change of {}", key);
}

std::unexpected<Error> change_under_way(std::string_view key) {
  return fail(ErrorCode::busy, fmt::format("another change of actor {} is under way", key),
              "try again when it is done");
}

bool is_serial(const ActorIdentity& identity) {
  // Mark of actors that keep something between calls (D4).
  return std::find(identity.tags.begin(), identity.tags.end(), "serial") != identity.tags.end();
}

}  // namespace

bool HostRuntime::authorizer_allows_load(const ActorIdentity& identity) const {
  // Authorizer that throws says no (identity.md 7).
  if (!options_.authorizer) return true;
  try {
    return options_.authorizer->can_load(identity);
  } catch (...) {
    return false;
  }
}

/// Rows 1 to 9 and 11 of identity.md 5.1. (Row 11 may come before row 10: it has no side effects,
/// and an update needs it without row 10.)
Result<identity::ActorClaims> HostRuntime::admit(ByteView module) const {
  identity::AdmissionPolicy policy;
  policy.allowed_issuers = options_.allowed_issuers;
  auto verified = identity::verify_actor_module(module, policy, options_.clock->wall());
  if (!verified) return pass(verified);
  if (!authorizer_allows_load(to_identity(verified->claims))) {
    return fail(ErrorCode::denied, "Permission denied starting actor.",
                "the host's authorizer refused these claims");
  }
  return std::move(verified->claims);
}

namespace {

/// Enough that every core computes while as many calls wait.
std::size_t usual_maximum() {
  return 2 * std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

}  // namespace

actor::PoolLimits HostRuntime::pool_limits(const ActorIdentity& identity,
                                           const ActorOptions& options) const {
  actor::PoolLimits pool;
  // Option of this start, else the mark in the claims, else the option of the host (D4).
  pool.maximum = options.max_instances.value_or(
      is_serial(identity) ? 1 : options_.max_instances.value_or(usual_maximum()));
  pool.maximum = std::clamp<std::size_t>(pool.maximum, 1, limits::instances);
  pool.minimum = std::min(options.min_instances.value_or(options_.min_instances), pool.maximum);
  // Reserve is for calls inside chains, which new ones must not starve; of one instance nothing can
  // be kept back.
  pool.reserve = pool.maximum == 1 ? 0 : limits::pool_reserve;
  pool.waiters = options_.pool_waiters;
  return pool;
}

Result<std::shared_ptr<actor::Actor>> HostRuntime::make_actor(ByteView module,
                                                              identity::ActorClaims claims,
                                                              const ActorOptions& options) {
  wapc::GuestLimits guest;
  const std::uint32_t memory_mb = options.limits.memory_mb.value_or(options_.memory_mb);
  guest.memory_pages = std::min<std::uint32_t>(memory_mb, 4096) * 16;  // 64 KiB each
  guest.payload_bytes = options_.payload_bytes;
  auto compiled = modules_.get(claims.hash, module, guest);
  if (!compiled) {
    // Exact first-party text (host.md 7.2).
    compiled.error().message.insert(0, "Failed to create a raw WebAssembly host: ");
    return pass(compiled);
  }
  return assemble(std::move(*compiled), std::move(claims), options);
}

Result<std::shared_ptr<actor::Actor>> HostRuntime::assemble(
    std::shared_ptr<const wapc::GuestModule> module, identity::ActorClaims claims,
    const ActorOptions& options) {
  actor::Parts parts;
  parts.id = next_id();
  parts.identity = to_identity(claims);
  parts.claims = std::move(claims);
  parts.module = std::move(module);
  parts.pool = pool_limits(parts.identity, options);
  parts.options = options;
  parts.call_timeout = options.limits.call_timeout.value_or(options_.call_timeout);
  parts.started = options_.clock->wall();
  // Instances are made on a thread whose stack we know.
  auto made = workers_.run<std::shared_ptr<actor::Actor>>(
      [&] { return actor::Actor::create(std::move(parts), waits_, log_.with_target("actor")); });
  if (!made) made.error().message.insert(0, "Failed to create a raw WebAssembly host: ");
  return made;
}

Result<std::string> HostRuntime::start_actor(ByteView module, const ActorOptions& options) {
  auto claims = admit(module);
  if (!claims) return pass(claims);
  auto key = claims->sub;
  // Place is held before anything is compiled: of two starts at once one fails, at no cost
  // (host.md 7.2).
  const Reservation place(registry_, key);
  if (!place.held()) {
    return fail(ErrorCode::already_exists,
                fmt::format("Cannot start already running actor {}", key),
                "stop it first, or update it with a module of a higher revision");
  }
  if (registry_.tables().read()->actors.size() >= limits::actors) {
    return fail(ErrorCode::limit, fmt::format("this host runs {} actors already", limits::actors),
                "stop some, or start another host");
  }
  auto actor = make_actor(module, std::move(*claims), options);
  if (!actor) return pass(actor);
  const auto& identity = (*actor)->identity();
  log_named(log_, LogLevel::info, {{"actor", key}, {"actor_name", identity.name}},
            "started actor {} (revision {})", key, identity.revision);
  // Registered, then told: whoever hears of the actor can call it (host.md 7.1).
  registry_.add_actor(*actor);
  plane_.actor_started(**actor);
  return key;
}

Result<std::string> HostRuntime::start_actor_from(std::string_view reference,
                                                  ActorOptions options) {
  const auto module = packages_.module(reference);
  if (!module) return pass(module);
  if (options.source.empty()) options.source = reference;
  return start_actor(as_bytes(*module), options);
}

Result<ActorPreview> HostRuntime::inspect_actor(std::string_view reference) {
  const auto module = packages_.module(reference);
  if (!module) return pass(module);
  const auto claims = admit(as_bytes(*module));
  if (!claims) return pass(claims);
  return ActorPreview{to_identity(*claims), claims->hash};
}

Result<void> HostRuntime::update_actor_from(std::string_view key, std::string_view reference) {
  // `latest` is never fetched for an update, whatever the options say (identity.md 5.5).
  const auto module = packages_.module(reference, false);
  if (!module) return pass(module);
  return update_actor(key, as_bytes(*module), std::string(reference));
}

Result<void> HostRuntime::stop_actor(std::string_view key_or_source) {
  std::string key(key_or_source);
  registry_.tables().read()->actors.for_each([&](std::string_view actor, const auto& entry) {
    if (entry->actor->options().source == key_or_source) key = actor;
  });
  const auto deadline = options_.clock->steady() + options_.call_timeout;
  if (registry_.tables().read()->actors.find(key) == nullptr) return {};
  // Lattice first: what was routed here is finished, what comes later goes to other hosts. The
  // tables follow, so that no call meets an actor that is gone (host.md 7.3).
  plane_.actor_stopping(key, deadline);
  const auto removed = registry_.remove_actor(key);
  if (!removed) return {};
  retire(*removed, deadline);
  plane_.actor_stopped(key);
  log_named(log_, LogLevel::info, {{"actor", key}, {"actor_name", removed->identity().name}},
            "stopped actor {}", key);
  return {};
}

void HostRuntime::retire(actor::Actor& actor, SteadyTime deadline) {
  if (!actor.pool().drain(deadline)) {
    log_named(log_, LogLevel::warn, {{"actor", actor.key()}, {"actor_name", actor.identity().name}},
              "actor {} was still executing when it was stopped", actor.key());
  }
  // Closed in any case: an instance that still executes goes when its call comes back.
  actor.pool().close();
}

Result<void> HostRuntime::update_actor(std::string_view key, ByteView module, std::string source) {
  const auto tables = registry_.tables().read();
  const auto* running = tables->actors.find(key);
  if (running == nullptr) {
    return fail(ErrorCode::not_found,
                fmt::format("Actor {} was not found on this host, live update aborted", key),
                "start it, or check the key with `trellis get inventory`");
  }
  const auto& before = *(*running)->actor;
  if (!options_.live_updates) {
    return fail(ErrorCode::denied,
                fmt::format("Attempt to update actor {} denied: updates are not enabled", key),
                "start the host with --allow-live-updates");
  }
  const Reservation change(registry_, change_slot(key));
  if (!change.held()) return change_under_way(key);
  // Everything is verified and compiled beside the running version, so that a failure changes
  // nothing (host.md 7.4).
  auto claims = admit(module);
  if (!claims) return pass(claims);
  auto allowed = identity::check_update(before.claims(), *claims, options_.strict_update_check,
                                        options_.same_issuer_for_updates);
  if (!allowed) return pass(allowed);
  auto options = before.options();
  if (!source.empty()) options.source = std::move(source);
  auto next = make_actor(module, std::move(*claims), options);  // the old one serves meanwhile
  if (!next) return pass(next);
  const auto revision = (*next)->identity().revision;
  // Calls that reached the old version finish on it; it goes with the last of them.
  plane_.actor_updating(before, **next);
  registry_.replace_actor(*next);
  plane_.actor_updated(before, **next);
  log_named(log_, LogLevel::info, {{"actor", key}, {"actor_name", (*next)->identity().name}},
            "updated actor {} from revision {} to {}", key, before.identity().revision, revision);
  return {};
}

// Version of the actor stays; its pool is replaced by one of another size.
Result<void> HostRuntime::scale_actor(std::string_view key, std::optional<std::size_t> minimum,
                                      std::optional<std::size_t> maximum) {
  const auto tables = registry_.tables().read();
  const auto* running = tables->actors.find(key);
  if (running == nullptr) {
    return fail(ErrorCode::not_found, fmt::format("actor {} does not run here", key));
  }
  const Reservation change(registry_, change_slot(key));
  if (!change.held()) return change_under_way(key);
  const auto& before = *(*running)->actor;
  auto options = before.options();
  if (minimum) options.min_instances = minimum;
  if (maximum) options.max_instances = maximum;
  // Mark is signed: no command may widen it.
  if (is_serial(before.identity()) && maximum.value_or(1) > 1) {
    return fail(ErrorCode::denied, fmt::format("actor {} is signed as serial", key),
                "it has one instance; sign it without that tag");
  }
  auto next = assemble(before.module(), before.claims(), options);
  if (!next) return pass(next);
  const auto pool = (*next)->pool().limits();
  registry_.replace_actor(*next);
  log_named(log_, LogLevel::info, {{"actor", key}, {"actor_name", (*next)->identity().name}},
            "actor {} has {} to {} instances now", key, pool.minimum, pool.maximum);
  return {};
}

}  // namespace trellis::host
