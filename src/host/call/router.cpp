#include "host/call/router.hpp"
#include "host/state/named_log.hpp"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "codec/messages/core.hpp"
#include "host/call/guest_calls.hpp"
#include "host/state/naming_sink.hpp"
#include "threads/blocking.hpp"

namespace trellis::host {
namespace {

constexpr auto gate_wait = std::chrono::milliseconds(1000);

SteadyTime now() {
  return std::chrono::steady_clock::now();
}

/// For limits of a second and more, where a few milliseconds are nothing: a fifth of the cost.
SteadyTime coarse_now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return SteadyTime(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

/// When a call that begins now must have ended.
SteadyTime end_of_call(std::chrono::milliseconds allowed) {
  return (allowed < std::chrono::seconds(1) ? now() : coarse_now()) + allowed;
}

/// Starts a chain where none is given. Its number is the address of the root context: unique among
/// the chains that are alive, which is all the wait-for graph asks, and free of charge.
void begin_chain(CallContext& root) {
  if (root.chain_id == 0) root.chain_id = reinterpret_cast<std::uintptr_t>(&root);
}

bool looks_like_actor_key(std::string_view text) {
  return text.size() == 56 && text.front() == 'M';
}

std::unexpected<Error> unknown_name(std::string_view name) {
  return fail(ErrorCode::not_found,
              fmt::format("'{}' is neither an actor's public key nor a known call alias", name),
              "`trellis get claims` lists the actors that are known, with their aliases");
}

std::unexpected<Error> too_deep() {
  return fail(ErrorCode::limit, "call chain too deep", "break the cycle of calls between actors");
}

std::unexpected<Error> timed_out() {
  return fail(ErrorCode::deadline, "the time allowed for this chain of calls ran out",
              "allow a longer call timeout");
}

}  // namespace

Router::Router(RouterOptions options, const TablesSnapshot& tables, const RemoteCalls& remote,
               Log log)
    : options_(std::move(options)), tables_(tables), remote_(remote), log_(std::move(log)) {}

Party Router::Origin::party() const noexcept {
  if (provider == nullptr) return {key, {}, {}};
  return {provider->key, provider->contract_id, provider->link_name};
}

Result<Bytes> Router::from_system(std::string_view target, std::string_view operation,
                                  ByteView payload, SteadyTime deadline) const {
  const auto tables = tables_.read();
  const auto* owner = tables->aliases.find(target);
  const auto key = owner == nullptr ? target : std::string_view(*owner);
  if (!looks_like_actor_key(key)) return unknown_name(target);
  CallContext root;
  root.deadline = deadline;
  begin_chain(root);
  return to_actor({codec::core::system_actor}, *tables, key, root, operation, payload);
}

Result<Bytes> Router::from_provider(const ProviderOrigin& origin, const CallContext* parent,
                                    std::string_view actor, std::string_view operation,
                                    ByteView payload, SteadyTime deadline) const {
  const auto tables = tables_.read();
  const auto* found = tables->actors.find(actor);
  if (found != nullptr && options_.check_provider_to_actor &&
      !(*found)->actor->has_capability(origin.contract_id)) {
    return denied("the actor's claims do not list the provider's contract", origin.key, actor);
  }
  if (!looks_like_actor_key(actor)) return unknown_name(actor);
  CallContext context;
  if (parent != nullptr) {
    context = *parent;
    context.deadline = std::min(context.deadline, deadline);
  } else {
    context.deadline = deadline;
  }
  begin_chain(context);
  return to_actor({origin.key, nullptr, &origin}, *tables, actor, context, operation, payload);
}

Result<Bytes> Router::from_guest(const actor::Actor& origin, const CallContext& caller,
                                 std::string_view binding, std::string_view ns,
                                 std::string_view operation, ByteView payload) const {
  if (origin.expired(*options_.clock)) {
    return denied("the caller's claims have expired", origin.key(), ns);
  }
  const auto tables = tables_.read();
  const Origin from{origin.key(), &origin.identity()};
  if (looks_like_actor_key(ns)) return to_actor(from, *tables, ns, caller, operation, payload);
  // Aliases never contain ':' (D9), so a contract id costs no lookup here and cannot be hijacked.
  if (ns.find(':') == std::string_view::npos) {
    if (const auto* key = tables->aliases.find(ns); key != nullptr) {
      return to_actor(from, *tables, *key, caller, operation, payload);
    }
  }
  const auto* self = tables->actors.find(origin.key());
  const auto link_name = trim(binding).empty() ? default_link_name : binding;
  const auto* route = self == nullptr ? nullptr : find_route(*(*self)->routes, ns, link_name);
  if (route == nullptr) {
    // Exact first-party text (contracts.md 1.5).
    return fail(
        ErrorCode::not_found,
        fmt::format("The target {} was not found as an actor public key, an actor call "
                    "alias, or as the contract ID in an existing link from source actor {}",
                    ns, origin.key()),
        "set a link for this contract and link name, or start the actor that owns the alias");
  }
  return to_provider(origin, *route, caller, operation, payload);
}

Result<Bytes> Router::health_check(actor::Actor& target, ByteView payload,
                                   SteadyTime deadline) const {
  CallContext root;
  root.deadline = std::min(deadline, end_of_call(target.call_timeout()));
  begin_chain(root);
  GuestCalls calls(*this, target, root.extended(target.id()), log_);
  return target.call_if_idle(root, codec::core::operation::health_request, payload, calls);
}

Result<Bytes> Router::to_actor(const Origin& origin, const Tables& tables, std::string_view key,
                               const CallContext& caller, std::string_view operation,
                               ByteView payload) const {
  const auto* here = tables.actors.find(key);
  if (here != nullptr) return to_actor(origin, **here, caller, operation, payload);
  if (origin.claims != nullptr && !origin.claims->capabilities) {
    return denied("the caller's claims have no capability list", origin.key, key);
  }
  return out(origin, {key, {}, {}}, caller, operation, payload);
}

Result<Bytes> Router::to_actor(const Origin& origin, const ActorEntry& entry,
                               const CallContext& caller, std::string_view operation,
                               ByteView payload) const {
  actor::Actor& target = *entry.actor;
  if (!caller.can_extend()) return too_deep();
  if (target.expired(*options_.clock)) {
    return denied("the claims of the target have expired", origin.key, target.key());
  }
  if (origin.claims != nullptr && !origin.claims->capabilities) {
    return denied("the caller's claims have no capability list", origin.key, target.key());
  }
  if (options_.authorizer == nullptr && options_.middleware.empty()) {
    return execute(target, caller, operation, payload);
  }
  return with_hooks(origin, entry, caller, operation, payload);
}

Result<Bytes> Router::execute(actor::Actor& target, const CallContext& caller,
                              std::string_view operation, ByteView payload) const {
  CallContext context = caller;
  context.deadline = std::min(context.deadline, end_of_call(target.call_timeout()));
  GuestCalls calls(*this, target, context.extended(target.id()), log_);
  return target.call(context, operation, payload, calls);
}

Result<Bytes> Router::to_provider(const actor::Actor& origin, const Route& route,
                                  const CallContext& caller, std::string_view operation,
                                  ByteView payload) const {
  if (!route.in_claims) {
    return denied("the actor's claims do not list the contract", origin.key(), route.provider_key);
  }
  const Origin from{origin.key(), &origin.identity()};
  if (route.provider == nullptr) {
    const Party target{route.provider_key, route.contract_id, route.link_name};
    return out(from, target, caller, operation, payload);
  }
  wait_at(route.gate.get(), caller);
  return to_provider(from, *route.provider, caller, operation, payload);
}

void Router::wait_at(const Gate* gate, const CallContext& caller) {
  if (gate == nullptr || gate->open()) return;
  const BlockingScope blocking;
  if (blocking.allowed()) gate->wait(std::min(caller.deadline, now() + gate_wait));
}

Result<Bytes> Router::to_provider(const Origin& origin, const ProviderEntry& provider,
                                  const CallContext& caller, std::string_view operation,
                                  ByteView payload) const {
  if (now() >= caller.deadline) return timed_out();
  if (options_.authorizer == nullptr && options_.middleware.empty()) {
    return provider.instance->call(caller, origin.key, operation, payload);
  }
  return with_hooks(origin, provider, caller, operation, payload);
}

bool Router::authorizer_agrees(const ActorIdentity& origin,
                               const InvocationView& invocation) const {
  if (options_.authorizer == nullptr) return true;
  try {
    return options_.authorizer->can_invoke(origin, invocation);
  } catch (...) {
    return false;  // an authorizer that fails says no (identity.md 7)
  }
}

Result<Bytes> Router::with_hooks(const Origin& origin, const ActorEntry& entry,
                                 const CallContext& caller, std::string_view operation,
                                 ByteView payload) const {
  const InvocationView view{
      next_invocation_.fetch_add(1), origin.key, entry.actor->key(), {}, {}, operation, payload};
  if (origin.claims != nullptr && !authorizer_agrees(*origin.claims, view)) {
    return denied("the authorizer said no", origin.key, entry.actor->key());
  }
  for (const auto& hook : options_.middleware) {
    if (auto go = hook->actor_pre_invoke(view); !go) {
      return fail(go.error().code, "Pre-invoke middleware execution failure on actor",
                  go.error().message);
    }
  }
  auto result = execute(*entry.actor, caller, operation, payload);
  for (const auto& hook : options_.middleware) {
    if (!result) return result;
    result = hook->actor_post_invoke(view, std::move(*result));
    if (!result) {
      result.error().message.insert(0, "Post-invoke middleware execution failure on actor: ");
    }
  }
  return result;
}

Result<Bytes> Router::with_hooks(const Origin& origin, const ProviderEntry& provider,
                                 const CallContext& caller, std::string_view operation,
                                 ByteView payload) const {
  const InvocationView view{next_invocation_.fetch_add(1),
                            origin.key,
                            provider.key,
                            provider.description.contract_id,
                            provider.link_name,
                            operation,
                            payload};
  if (origin.claims != nullptr && !authorizer_agrees(*origin.claims, view)) {
    return denied("the authorizer said no", origin.key, provider.key);
  }
  for (const auto& hook : options_.middleware) {
    if (auto go = hook->capability_pre_invoke(view); !go) {
      return fail(go.error().code,
                  "Capability middleware pre-invoke failure: " + go.error().message);
    }
  }
  auto result = provider.instance->call(caller, origin.key, operation, payload);
  for (const auto& hook : options_.middleware) {
    if (!result) return result;
    result = hook->capability_post_invoke(view, std::move(*result));
    if (!result) result.error().message.insert(0, "Capability middleware post-invoke failure: ");
  }
  return result;
}

std::string Router::name_of(std::string_view key) const {
  return name_in(*tables_.read(), key);
}

std::unexpected<Error> Router::denied(std::string_view reason, std::string_view origin,
                                      std::string_view target) const {
  denials_.fetch_add(1, std::memory_order_relaxed);
  const auto origin_name = name_of(origin);
  const auto target_name = name_of(target);
  log_.event(LogLevel::warn, reason,
             {{"origin", origin},
              {"target", target},
              {"origin_name", origin_name},
              {"target_name", target_name}});
  // The caller learns no more than this (lattice.md 4.4).
  return fail(ErrorCode::denied, "Invocation authorization denied",
              "the log says why; sign the actor with the capability if it should have it");
}

}  // namespace trellis::host
