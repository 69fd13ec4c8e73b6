// The path of a call: where its target is, whether it may be made, and on to it. host.md 6.1 and
// 6.2; lattice.md 4.1 and 4.4.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/call_context.hpp"
#include "base/log.hpp"
#include "host/call/authorization.hpp"
#include "host/call/call.hpp"
#include "host/call/remote_calls.hpp"
#include "host/call/tables.hpp"
#include "trellis/host.hpp"

namespace trellis::host {

/// Options of the host that the router needs.
struct RouterOptions {
  CallPolicy policy;
  std::chrono::milliseconds call_timeout{0};
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<Authorizer> authorizer;  ///< may be null
  std::vector<std::shared_ptr<Middleware>> middleware;
  /// For actors that run elsewhere: the gate that is closed while their first BindActor is under
  /// way; null when there is none. Local ones have it in their routes.
  std::function<std::shared_ptr<const BindLatch>(const ProviderEntry&, const std::string& actor)>
      gate_of;
};

/// Resolves the target of a call, asks whether it may be made (authorization.hpp, then the host's
/// own authorizer) and executes it, on the thread that makes it. Takes no global lock: tables are
/// read as a snapshot, instances come from the target's pool. Any thread of the host (guests are
/// entered).
class Router final : public ArrivingCalls {
 public:
  Router(RouterOptions options, const TablesSnapshot& tables, const RemoteCalls& remote, Log log);

  /// A call from the host API, as "system". `target` is a key or a call alias.
  [[nodiscard]] Result<Bytes> from_system(std::string_view target, std::string_view operation,
                                          ByteView payload, SteadyTime deadline) const;

  /// A call from a provider to an actor. `parent` is null when it belongs to no call.
  [[nodiscard]] Result<Bytes> from_provider(const EntityRef& origin, const CallContext* parent,
                                            std::string_view actor, std::string_view operation,
                                            ByteView payload, SteadyTime deadline) const;

  /// A host call of a guest. `context` is the chain including that guest's actor.
  [[nodiscard]] Result<Bytes> from_guest(const actor::Actor& origin, const CallContext& context,
                                         std::string_view binding, std::string_view ns,
                                         std::string_view operation, ByteView payload) const;

  [[nodiscard]] Result<Bytes> from_lattice(const EntityRef& origin, const EntityRef& target,
                                           std::string_view operation, ByteView payload,
                                           SteadyTime deadline) const override;

  /// HealthRequest to a running actor, on an idle instance only (host.md 10).
  [[nodiscard]] Result<Bytes> health_check(actor::Actor& target, ByteView payload,
                                           SteadyTime deadline) const;

  [[nodiscard]] std::chrono::milliseconds call_timeout() const noexcept {
    return options_.call_timeout;
  }
  /// Calls refused by claims or authorizer since the start.
  [[nodiscard]] std::uint64_t denials() const noexcept {
    return denials_.load(std::memory_order_relaxed);
  }

 private:
  /// Caller, as far as it is known, besides who it is.
  struct Caller {
    CallPlace made = CallPlace::here;
    const ActorIdentity* claims = nullptr;  ///< of an actor whose claims are known
    bool expired = false;                   ///< they are over
    bool lists_contract = false;            ///< they list the contract of the target
  };

  /// `here` is null when it runs elsewhere.
  [[nodiscard]] Result<Bytes> to_actor(const Call& call, const Caller& caller,
                                       const ActorEntry* here) const;
  [[nodiscard]] Result<Bytes> to_provider(const Call& call, const Caller& caller,
                                          const ProviderEntry* here, const BindLatch* gate) const;
  [[nodiscard]] Result<Bytes> lattice_to_actor(const Call& call, const Tables& tables) const;
  [[nodiscard]] Result<Bytes> lattice_to_provider(const Call& call, const Tables& tables) const;
  /// Caller on another host: an actor of which this host has heard, or whoever else calls from
  /// there.
  [[nodiscard]] Caller caller_elsewhere(const Call& call, const Tables& tables) const;

  /// The table of host.md 6.2, with what is known of the caller filled in.
  [[nodiscard]] static CallFacts facts_of(const Call& call, const Caller& caller) noexcept;
  [[nodiscard]] bool authorizer_agrees(const Caller& caller,
                                       const InvocationView& invocation) const;
  [[nodiscard]] std::unexpected<Error> denied(Verdict verdict, const Call& call) const;
  [[nodiscard]] std::unexpected<Error> denied(std::string_view reason, const Call& call) const;

  /// Sends it out, unless the authorizer objects.
  [[nodiscard]] Result<Bytes> out(const Call& call, const Caller& caller) const;
  [[nodiscard]] Result<Bytes> execute(const Call& call, actor::Actor& target) const;
  [[nodiscard]] Result<Bytes> with_hooks(const Call& call, const Caller& caller,
                                         actor::Actor& target) const;
  [[nodiscard]] Result<Bytes> with_hooks(const Call& call, const Caller& caller,
                                         provider::Provider& target) const;
  [[nodiscard]] InvocationView view_of(const Call& call) const noexcept;
  void wait_at(const BindLatch* gate, const CallContext& context) const;

  const RouterOptions options_;
  const TablesSnapshot& tables_;
  const RemoteCalls& remote_;
  const Log log_;
  mutable std::atomic<std::uint64_t> denials_{0};
  mutable std::atomic<std::uint64_t> next_invocation_{1};
};

}  // namespace trellis::host
