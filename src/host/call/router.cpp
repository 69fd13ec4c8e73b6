#include "host/call/router.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/key_form.hpp"
#include "base/text.hpp"
#include "codec/messages/core.hpp"
#include "host/call/guest_calls.hpp"
#include "threads/blocking.hpp"

namespace trellis::host {
namespace {

// Wait for a first BindActor, at most: after that the provider's own "not bound" is a better answer
// than a call that hangs (host.md 9.4).
constexpr auto gate_wait = std::chrono::milliseconds(1000);

/// When a call that begins now must have ended. For limits of a second and more, where a few
/// milliseconds are nothing, by the clock that costs a fifth.
SteadyTime end_of_call(const Clock& clock, std::chrono::milliseconds allowed) {
  return (allowed < std::chrono::seconds(1) ? clock.steady() : clock.coarse()) + allowed;
}

/// Starts a chain where none is given. Its number is the address of the root context: unique among
/// the chains that are alive, which is all the wait-for graph asks, and free of charge.
void begin_chain(CallContext& root) {
  if (root.chain_id == 0) root.chain_id = reinterpret_cast<std::uintptr_t>(&root);
}

// Shape is enough: a key that nobody has is not found in the tables, and decoding each one would
// cost every call (lattice.md 4.1).
bool looks_like_actor_key(std::string_view text) {
  return has_key_form(text, 'M');
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

/// The running actor with this key; null when it runs elsewhere, or nowhere.
const ActorEntry* actor_here(const Tables& tables, std::string_view key) {
  const auto* found = tables.actors.find(key);
  return found == nullptr ? nullptr : found->get();
}

/// The actor a guest names as its target, by key or alias. Aliases never contain ':' (D9), so a
/// contract id costs no lookup here and cannot be hijacked.
std::optional<std::string_view> actor_named(const Tables& tables, std::string_view ns) {
  if (looks_like_actor_key(ns)) return ns;
  if (ns.find(':') != std::string_view::npos) return std::nullopt;
  const auto* key = tables.aliases.find(ns);
  return key == nullptr ? std::nullopt : std::optional<std::string_view>(*key);
}

/// Where the link of an actor that runs here leads; null when it has no such link.
const Route* route_of(const Tables& tables, std::string_view actor, std::string_view contract,
                      std::string_view binding) {
  const auto* self = actor_here(tables, actor);
  const auto link_name = trim(binding).empty() ? default_link_name : binding;
  return self == nullptr ? nullptr : find_route(*self->routes, contract, link_name);
}

}  // namespace

Router::Router(RouterOptions options, const TablesSnapshot& tables, const RemoteCalls& remote,
               Log log)
    : options_(std::move(options)), tables_(tables), remote_(remote), log_(std::move(log)) {}

// --- where calls come from -----------------------------------------------------------------------

Result<Bytes> Router::from_system(std::string_view target, std::string_view operation,
                                  ByteView payload, SteadyTime deadline) const {
  // Alias and key cannot be confused: no alias has the length of a key (usable_alias).
  const auto tables = tables_.read();
  const auto* owner = tables->aliases.find(target);
  const auto key = owner == nullptr ? target : std::string_view(*owner);
  if (!looks_like_actor_key(key)) return unknown_name(target);
  CallContext root;
  root.deadline = deadline;
  begin_chain(root);
  return to_actor({{codec::core::system_actor}, {key}, operation, payload, root}, {},
                  actor_here(*tables, key));
}

Result<Bytes> Router::from_provider(const EntityRef& origin, const CallContext* parent,
                                    std::string_view actor, std::string_view operation,
                                    ByteView payload, SteadyTime deadline) const {
  // Aliases are not resolved for providers, which know actors by the key of BindActor
  // (lattice.md 4.1).
  if (!looks_like_actor_key(actor)) return unknown_name(actor);
  const auto tables = tables_.read();
  CallContext context;
  // Deadline of the chain only shrinks on the way down: a provider cannot give a call more time
  // than the call it serves has left.
  if (parent != nullptr) {
    context = *parent;
    context.deadline = std::min(context.deadline, deadline);
  } else {
    context.deadline = deadline;
  }
  begin_chain(context);
  return to_actor({origin, {actor}, operation, payload, context}, {}, actor_here(*tables, actor));
}

Result<Bytes> Router::from_guest(const actor::Actor& origin, const CallContext& context,
                                 std::string_view binding, std::string_view ns,
                                 std::string_view operation, ByteView payload) const {
  const auto tables = tables_.read();
  // Claims are those that the calling actor's own module proved, never what the lattice says of its
  // key (lattice.md 4.4).
  Caller caller{.claims = &origin.identity(), .expired = origin.expired(*options_.clock)};
  if (const auto key = actor_named(*tables, ns)) {
    return to_actor({{origin.key()}, {*key}, operation, payload, context}, caller,
                    actor_here(*tables, *key));
  }
  const auto* route = route_of(*tables, origin.key(), ns, binding);
  if (route == nullptr) {
    // Exact first-party text (contracts.md 1.5).
    return fail(
        ErrorCode::not_found,
        fmt::format("The target {} was not found as an actor public key, an actor call "
                    "alias, or as the contract ID in an existing link from source actor {}",
                    ns, origin.key()),
        "set a link for this contract and link name, or start the actor that owns the alias");
  }
  // Claims were searched when the route was made, so that no call has to.
  caller.lists_contract = route->in_claims;
  return to_provider({{origin.key()},
                      {route->provider_key, route->contract_id, route->link_name},
                      operation,
                      payload,
                      context},
                     caller, route->provider.get(), route->gate.get());
}

Result<Bytes> Router::from_lattice(const EntityRef& origin, const EntityRef& target,
                                   std::string_view operation, ByteView payload,
                                   SteadyTime deadline) const {
  const auto tables = tables_.read();
  // Chain begins anew: its depth and number stay on the host that made the call, so that a cycle
  // over hosts ends by its deadline (host.md 6.5).
  CallContext root;
  root.deadline = deadline;
  begin_chain(root);
  const Call call{origin, target, operation, payload, root};
  return target.is_provider() ? lattice_to_provider(call, *tables)
                              : lattice_to_actor(call, *tables);
}

Result<Bytes> Router::lattice_to_actor(const Call& call, const Tables& tables) const {
  const auto* here = actor_here(tables, call.target.key);
  if (here == nullptr) {
    return fail(ErrorCode::not_found, fmt::format("actor {} does not run here", call.target.key));
  }
  return to_actor(call, caller_elsewhere(call, tables), here);
}

Result<Bytes> Router::lattice_to_provider(const Call& call, const Tables& tables) const {
  const auto& target = call.target;
  // Contract is compared because the subject has none: anybody may send a message for another
  // contract to this provider's subject (lattice.md 1.3).
  const auto* here = tables.providers.find(provider_slot(target.key, target.link_name));
  if (here == nullptr || (*here)->description.contract_id != target.contract_id) {
    return fail(ErrorCode::not_found,
                fmt::format("provider {} does not serve {} here under link name {}", target.key,
                            target.contract_id, target.link_name));
  }
  // Actors elsewhere have no route in the tables, so the binder is asked for their latch.
  const bool by_actor = call.origin.kind() == EntityKind::actor;
  const auto gate = by_actor && options_.gate_of
                        ? options_.gate_of(**here, std::string(call.origin.key))
                        : nullptr;
  return to_provider(call, caller_elsewhere(call, tables), here->get(), gate.get());
}

Router::Caller Router::caller_elsewhere(const Call& call, const Tables& tables) const {
  Caller caller{.made = CallPlace::lattice};
  if (call.origin.kind() != EntityKind::actor) return caller;
  // Claims of an actor elsewhere are what the lattice stated, which is enough to refuse a call but
  // proves nothing: the sender's host decides by those it verified.
  const auto* known = tables.claims.find(call.origin.key);
  if (known == nullptr) return caller;
  caller.claims = &(*known)->identity;
  caller.expired = identity::is_expired((*known)->claims, options_.clock->wall());
  const auto& list = caller.claims->capabilities;
  caller.lists_contract = list && std::ranges::find(*list, call.target.contract_id) != list->end();
  return caller;
}

Result<Bytes> Router::health_check(actor::Actor& target, ByteView payload,
                                   SteadyTime deadline) const {
  CallContext root;
  root.deadline = std::min(deadline, end_of_call(*options_.clock, target.call_timeout()));
  begin_chain(root);
  GuestCalls calls(*this, target, root.extended(target.id()), log_);
  return target.call_if_idle(root, codec::core::operation::health_request, payload, calls);
}

// --- whether they may be made, and on ------------------------------------------------------------

CallFacts Router::facts_of(const Call& call, const Caller& caller) noexcept {
  CallFacts facts;
  facts.made = caller.made;
  facts.origin = call.origin.kind();
  facts.target = call.target.kind();
  facts.origin_known = caller.claims != nullptr;
  facts.origin_expired = caller.expired;
  facts.origin_has_list = facts.origin_known && caller.claims->capabilities.has_value();
  facts.origin_lists_contract = caller.lists_contract;
  return facts;
}

Result<Bytes> Router::to_actor(const Call& call, const Caller& caller,
                               const ActorEntry* here) const {
  auto facts = facts_of(call, caller);
  // Target's side is checked only where it runs: elsewhere its own host has the verified claims.
  if (here != nullptr) {
    facts.target_here = true;
    facts.target_expired = here->actor->expired(*options_.clock);
    facts.target_lists_contract =
        call.origin.is_provider() && here->actor->has_capability(call.origin.contract_id);
  }
  const auto verdict = authorize(facts, options_.policy);
  if (verdict != Verdict::allowed) return denied(verdict, call);
  if (here == nullptr) return out(call, caller);
  if (!call.context.can_extend()) return too_deep();
  // Direct way for hosts without hooks: the view, the copies of texts and the virtual calls of
  // with_hooks() are theirs to pay who want them.
  if (options_.authorizer == nullptr && options_.middleware.empty()) {
    return execute(call, *here->actor);
  }
  return with_hooks(call, caller, *here->actor);
}

Result<Bytes> Router::to_provider(const Call& call, const Caller& caller, const ProviderEntry* here,
                                  const BindLatch* gate) const {
  const auto verdict = authorize(facts_of(call, caller), options_.policy);
  if (verdict != Verdict::allowed) return denied(verdict, call);
  if (here == nullptr) return out(call, caller);
  // Latch after authorization: a caller that is denied must not be able to hold a thread here.
  wait_at(gate, call.context);
  // Deadline is looked at again, because the wait may have used it up.
  if (options_.clock->steady() >= call.context.deadline) return timed_out();
  if (options_.authorizer == nullptr && options_.middleware.empty()) {
    return here->instance->call(call.context, call.origin.key, call.operation, call.payload);
  }
  return with_hooks(call, caller, *here->instance);
}

Result<Bytes> Router::execute(const Call& call, actor::Actor& target) const {
  CallContext context = call.context;
  // Time limit of the actor narrows the caller's deadline and never widens it.
  context.deadline =
      std::min(context.deadline, end_of_call(*options_.clock, target.call_timeout()));
  GuestCalls calls(*this, target, context.extended(target.id()), log_);
  return target.call(context, call.operation, call.payload, calls);
}

Result<Bytes> Router::out(const Call& call, const Caller& caller) const {
  // Authorizer is asked about actors with claims only, never about system or providers
  // (host.md 6.4). Hooks are not run here but at the target, on its own host (host.md 6.3).
  if (caller.claims != nullptr && options_.authorizer != nullptr &&
      !authorizer_agrees(caller, view_of(call))) {
    return denied("the authorizer said no", call);
  }
  return remote_.call(call);
}

void Router::wait_at(const BindLatch* gate, const CallContext& context) const {
  if (gate == nullptr || gate->open()) return;
  // Wait is announced, so that another thread takes over this one's I/O. Where none is left the
  // call goes on at once, and the provider answers as it can.
  const BlockingScope blocking;
  if (!blocking.allowed()) return;
  gate->wait(std::min(context.deadline, options_.clock->steady() + gate_wait));
}

// --- hooks of the host's user --------------------------------------------------------------------

InvocationView Router::view_of(const Call& call) const noexcept {
  // Number lets a hook match its two halves of one call (host.md 6.3).
  return {next_invocation_.fetch_add(1), call.origin.key, call.target.key, call.target.contract_id,
          call.target.link_name,         call.operation,  call.payload};
}

bool Router::authorizer_agrees(const Caller& caller, const InvocationView& invocation) const {
  if (options_.authorizer == nullptr || caller.claims == nullptr) return true;
  try {
    return options_.authorizer->can_invoke(*caller.claims, invocation);
  } catch (...) {
    return false;  // an authorizer that fails says no (identity.md 7)
  }
}

Result<Bytes> Router::with_hooks(const Call& call, const Caller& caller,
                                 actor::Actor& target) const {
  // Authorizer before hooks: they see only calls that may be made, and cannot permit one.
  const auto view = view_of(call);
  if (!authorizer_agrees(caller, view)) return denied("the authorizer said no", call);
  for (const auto& hook : options_.middleware) {
    if (auto go = hook->actor_pre_invoke(view); !go) {
      return fail(go.error().code, "Pre-invoke middleware execution failure on actor",
                  go.error().message);
    }
  }
  auto result = execute(call, target);
  // Post hooks run in the order of the pre hooks, each on the response of the one before, and after
  // success only (host.md 6.3).
  for (const auto& hook : options_.middleware) {
    if (!result) return result;
    result = hook->actor_post_invoke(view, std::move(*result));
    if (!result) {
      result.error().message.insert(0, "Post-invoke middleware execution failure on actor: ");
    }
  }
  return result;
}

Result<Bytes> Router::with_hooks(const Call& call, const Caller& caller,
                                 provider::Provider& target) const {
  const auto view = view_of(call);
  if (!authorizer_agrees(caller, view)) return denied("the authorizer said no", call);
  for (const auto& hook : options_.middleware) {
    if (auto go = hook->capability_pre_invoke(view); !go) {
      return fail(go.error().code,
                  "Capability middleware pre-invoke failure: " + go.error().message);
    }
  }
  auto result = target.call(call.context, call.origin.key, call.operation, call.payload);
  for (const auto& hook : options_.middleware) {
    if (!result) return result;
    result = hook->capability_post_invoke(view, std::move(*result));
    if (!result) result.error().message.insert(0, "Capability middleware post-invoke failure: ");
  }
  return result;
}

// --- denials -------------------------------------------------------------------------------------

std::unexpected<Error> Router::denied(Verdict verdict, const Call& call) const {
  if (verdict == Verdict::provider_to_provider) {
    // Exact first-party text (lattice.md 4.3).
    return fail(ErrorCode::denied, "Attempt to invoke capability from non-actor origin");
  }
  return denied(reason_of(verdict), call);
}

std::unexpected<Error> Router::denied(std::string_view reason, const Call& call) const {
  denials_.fetch_add(1, std::memory_order_relaxed);
  // Names are looked up for the line in the log alone; denials are rare, and calls that succeed pay
  // nothing.
  const auto tables = tables_.read();
  const auto origin_name = name_in(*tables, call.origin.key);
  const auto target_name = name_in(*tables, call.target.key);
  log_.event(LogLevel::warn, reason,
             {{"origin", call.origin.key},
              {"target", call.target.key},
              {"origin_name", origin_name},
              {"target_name", target_name}});
  // The caller learns no more than this (lattice.md 4.4).
  return fail(ErrorCode::denied, "Invocation authorization denied",
              "the log says why; sign the actor with the capability if it should have it");
}

}  // namespace trellis::host
