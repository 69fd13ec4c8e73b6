#include "host/lattice/rpc_side.hpp"

#include <utility>

#include "base/limits.hpp"

namespace trellis::host {
namespace {

/// Ends of a call, as the wire has them and as the host does.
lattice::Entity to_entity(const EntityRef& of) {
  if (!of.is_provider()) return lattice::Entity::actor(of.key);
  return lattice::Entity::provider(of.key, of.contract_id, of.link_name);
}

EntityRef to_ref(const lattice::Entity& entity) {
  const auto* provider = entity.capability();
  if (provider == nullptr) return {entity.key(), {}, {}};
  return {provider->id, provider->contract_id, provider->link_name};
}

}  // namespace

RpcSide::RpcSide(Parts parts)
    : call_timeout_(parts.call_timeout),
      clock_(parts.clock),
      connection_(std::move(parts.connection)),
      calls_(parts.calls),
      registry_(parts.registry),
      log_(parts.log),
      verifier_({parts.options.allowed_hosts, parts.options.max_token_age,
                 parts.options.replay_window, parts.options.replay_capacity},
                clock_, parts.random),
      client_(connection_->transport(), parts.subjects, parts.key, *clock_, parts.random,
              parts.options.rpc_timeout),
      server_(
          connection_->transport(), parts.subjects, verifier_,
          [&callers = parts.callers](std::function<void()> job, const std::string& entity,
                                     std::size_t bytes) {
            return callers.post(std::move(job), entity, bytes);
          },
          [this](const lattice::Invocation& call, SteadyTime arrived) {
            return execute(call, arrived);
          },
          *clock_, parts.options.rpc_timeout, log_),
      advertiser_(connection_->transport(), parts.subjects, parts.executor, std::move(parts.sink),
                  *clock_, log_) {}

Result<void> RpcSide::begin() {
  if (auto subscribed = advertiser_.subscribe(); !subscribed) return subscribed;
  connection_->watch([this] { tell_everything(); });
  return {};
}

// After a connection was made again: others may have missed what happened meanwhile.
void RpcSide::tell_everything() {
  registry_.tables().read()->actors.for_each(
      [&](std::string_view, const auto& entry) { advertiser_.claims(entry->actor->claims()); });
  advertiser_.resend();
}

Result<Bytes> RpcSide::call(const Call& call) const {
  return client_.call(to_entity(call.origin), to_entity(call.target), call.operation, call.payload,
                      call.context.deadline);
}

Result<Bytes> RpcSide::execute(const lattice::Invocation& call, SteadyTime arrived) const {
  // Time runs from the arrival, not from when a worker took the call: its caller has waited since.
  return calls_.from_lattice(to_ref(call.origin), to_ref(call.target), call.operation, call.msg,
                             arrived + call_timeout_);
}

void RpcSide::serve(const lattice::Entity& entity) {
  // Confirmation of the server is waited for: the claims and the event that follow promise that
  // calls reach this host (lattice.md 1.7).
  const auto served = server_.serve(entity, clock_->steady() + limits::lattice_confirm);
  if (served) return;
  log_.warn("{} {} is not served to the lattice: {}",
            entity.capability() == nullptr ? "actor" : "provider", entity.key(),
            served.error().message);
}

void RpcSide::stop(SteadyTime deadline) {
  advertiser_.stop();
  server_.stop(deadline);
}

void RpcSide::describe(LatticeInfo& info) const {
  const auto out = client_.counters();
  const auto in = server_.counters();
  info.rpc = state_of(connection_.get());
  info.calls_out = out.sent;
  info.calls_lost = out.lost;
  info.calls_in = in.received;
  info.calls_refused = in.refused + in.dropped;
  info.calls_busy = in.busy;
  info.calls_expired = in.expired;
  info.adverts_refused = advertiser_.refused();
}

}  // namespace trellis::host
