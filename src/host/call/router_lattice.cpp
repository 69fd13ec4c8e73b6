// Calls that leave for the lattice, and calls that come from it: lattice.md 4.3 and 4.4.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "codec/messages/core.hpp"
#include "host/call/router.hpp"

namespace trellis::host {

Result<Bytes> Router::out(const Origin& origin, const Party& target, const CallContext& caller,
                          std::string_view operation, ByteView payload) const {
  if (origin.claims != nullptr) {
    const InvocationView view{next_invocation_.fetch_add(1),
                              origin.key,
                              target.key,
                              target.contract_id,
                              target.link_name,
                              operation,
                              payload};
    if (!authorizer_agrees(*origin.claims, view)) {
      return denied("the authorizer said no", origin.key, target.key);
    }
  }
  return remote_.call(origin.party(), target, operation, payload, caller.deadline);
}

Result<Bytes> Router::from_lattice(const Party& origin, const Party& target,
                                   std::string_view operation, ByteView payload,
                                   SteadyTime deadline) const {
  const auto tables = tables_.read();
  CallContext root;
  root.deadline = deadline;
  root.chain_id = reinterpret_cast<std::uintptr_t>(&root);
  if (target.is_provider()) {
    return lattice_to_provider(*tables, origin, target, root, operation, payload);
  }
  return lattice_to_actor(*tables, origin, target, root, operation, payload);
}

Result<Bytes> Router::lattice_to_actor(const Tables& tables, const Party& origin,
                                       const Party& target, const CallContext& root,
                                       std::string_view operation, ByteView payload) const {
  const auto* here = tables.actors.find(target.key);
  if (here == nullptr) {
    return fail(ErrorCode::not_found, fmt::format("actor {} does not run here", target.key));
  }
  if (origin.is_provider()) {
    if (options_.check_provider_to_actor && !(*here)->actor->has_capability(origin.contract_id)) {
      return denied("the actor's claims do not list the provider's contract", origin.key,
                    target.key);
    }
    return to_actor({origin.key}, **here, root, operation, payload);
  }
  if (origin.key == codec::core::system_actor) {
    return to_actor({origin.key}, **here, root, operation, payload);
  }
  const auto* known = tables.claims.find(origin.key);
  if (known == nullptr && options_.deny_unknown_origins) {
    return denied("the claims of the caller are not known here", origin.key, target.key);
  }
  if (known != nullptr && identity::is_expired((*known)->claims, options_.clock->wall())) {
    return denied("the caller's claims have expired", origin.key, target.key);
  }
  const ActorIdentity* claims = known == nullptr ? nullptr : &(*known)->identity;
  return to_actor({origin.key, claims}, **here, root, operation, payload);
}

Result<Bytes> Router::lattice_to_provider(const Tables& tables, const Party& origin,
                                          const Party& target, const CallContext& root,
                                          std::string_view operation, ByteView payload) const {
  const auto* here = tables.providers.find(provider_slot(target.key, target.link_name));
  if (here == nullptr || (*here)->description.contract_id != target.contract_id) {
    return fail(ErrorCode::not_found,
                fmt::format("provider {} does not serve {} here under link name {}", target.key,
                            target.contract_id, target.link_name));
  }
  if (origin.is_provider()) {
    // Exact first-party text (lattice.md 4.3).
    return fail(ErrorCode::denied, "Attempt to invoke capability from non-actor origin");
  }
  if (origin.key == codec::core::system_actor) {
    return denied("system may not call a provider over the lattice", origin.key, target.key);
  }
  const auto gate = options_.gate_of ? options_.gate_of(**here, std::string(origin.key)) : nullptr;
  const auto* known = tables.claims.find(origin.key);
  if (known == nullptr) {
    if (options_.deny_unknown_origins) {
      return denied("the claims of the caller are not known here", origin.key, target.key);
    }
    wait_at(gate.get(), root);
    return to_provider({origin.key}, **here, root, operation, payload);
  }
  const auto& list = (*known)->identity.capabilities;
  if (!list || std::find(list->begin(), list->end(), target.contract_id) == list->end()) {
    return denied("the caller's claims do not list the contract", origin.key, target.key);
  }
  if (identity::is_expired((*known)->claims, options_.clock->wall())) {
    return denied("the caller's claims have expired", origin.key, target.key);
  }
  wait_at(gate.get(), root);
  return to_provider({origin.key, &(*known)->identity}, **here, root, operation, payload);
}

}  // namespace trellis::host
